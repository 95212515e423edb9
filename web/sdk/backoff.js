/**
 * How long to wait before coming back: pure, jitter is an argument.
 *
 * Full jitter: a wait is anything between nothing and a ceiling, and the ceiling doubles with each try.
 * So a thousand clients that lost one server do not return as one wave.
 */

/** @typedef {"never" | "soon" | "new_token" | "backoff"} ReconnectAdvice what a client does after a close */

/** @type {Map<number | null, ReconnectAdvice>} contract, section *Errors*, the close codes */
const ADVICE = new Map(
    /** @type {[number, ReconnectAdvice][]} */ ([
        [1003, "never"],
        [1009, "never"],
        [1012, "soon"],
        [4400, "never"],
        [4401, "new_token"],
        [4408, "soon"],
        [4413, "soon"],
        [4429, "backoff"],
    ]),
);

/**
 * What to do after a connection ended with `code` (null: without a close frame). Whatever the contract does
 * not name (a proxy's 1001, a network's 1006) is worth another try after a growing wait.
 *
 * @param {number | null} code
 * @returns {ReconnectAdvice}
 */
export function adviceFor(code) {
    return ADVICE.get(code) ?? "backoff";
}

/** The ceilings, in seconds. */
export class Backoff {
    /** @param {{base?: number, soon?: number, cap?: number, steady?: number}} [ceilings] */
    constructor({ base = 1, soon = 3, cap = 60, steady = 10 } = {}) {
        /** The first ceiling after a broken connection, or one that was far over the limits (4429). */
        this.base = base;
        /** The first ceiling after a farewell that asks to come back within a few seconds (1012). */
        this.soon = soon;
        /** No ceiling is higher. */
        this.cap = cap;
        /** A connection that lived this long was a good one: the count of tries begins anew. */
        this.steady = steady;
    }

    /**
     * Seconds to wait before try number `attempt` (from 0), with `jitter` in [0, 1).
     *
     * A new token is fetched at once the first time; if that one is refused too, waits grow as ever.
     *
     * @param {ReconnectAdvice} advice
     * @param {number} attempt
     * @param {number} jitter
     */
    delay(advice, attempt, jitter) {
        if (advice === "new_token" && attempt === 0) return 0;
        const first = advice === "soon" ? this.soon : this.base;
        return jitter * Math.min(this.cap, first * 2 ** Math.min(attempt, 30));
    }

    /**
     * Seconds before a refused request is repeated: what the server said and a little jitter, or growing waits.
     *
     * @param {number | null} retryAfter
     * @param {number} attempt
     * @param {number} jitter
     */
    retryDelay(retryAfter, attempt, jitter) {
        if (retryAfter !== null) return Math.max(0, retryAfter) * (1 + jitter / 4);
        return this.delay("backoff", attempt, jitter);
    }
}
