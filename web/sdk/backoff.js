/**
 * Exponential backoff with full jitter. Randomness is an argument.
 *
 * A delay is uniform between zero and a ceiling that doubles with each attempt, so that the clients of a lost server
 * do not reconnect all at once.
 */

import { CLOSE_ADVICE } from "./frames.js";

/** @typedef {import("./frames.js").ReconnectAdvice} ReconnectAdvice what to do after a close */

/**
 * What to do after a close with `code` (null: no close frame). Codes that the protocol does not list, such as a proxy's
 * 1001, are retried with backoff.
 *
 * @param {number | null} code
 * @returns {ReconnectAdvice}
 */
export function adviceFor(code) {
    return (code === null ? undefined : CLOSE_ADVICE[code]) ?? "backoff";
}

/** The ceilings, in seconds. */
export class Backoff {
    /** @param {{base?: number, soon?: number, cap?: number, steady?: number}} [ceilings] */
    constructor({ base = 1, soon = 3, cap = 60, steady = 10 } = {}) {
        /** First ceiling after a lost connection or a rate-limit close (4429). */
        this.base = base;
        /** First ceiling after a close that asks for a prompt reconnect (1012). */
        this.soon = soon;
        /** Highest ceiling. */
        this.cap = cap;
        /** A connection that lasted this long resets the attempt count. */
        this.steady = steady;
    }

    /**
     * Seconds to wait before attempt number `attempt` (from 0), with `jitter` in [0, 1).
     *
     * The first new token is fetched at once; if it is refused too, the usual backoff applies.
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
     * Seconds before a refused request is retried: the server's `retry_after` plus up to a quarter, or the backoff.
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
