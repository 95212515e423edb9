/** @typedef {import("./frames.js").ReconnectAdvice} ReconnectAdvice what to do after a close */
/**
 * What to do after a close with `code` (null: no close frame). Codes that the protocol does not list, such as a proxy's
 * 1001, are retried with backoff.
 *
 * @param {number | null} code
 * @returns {ReconnectAdvice}
 */
export function adviceFor(code: number | null): ReconnectAdvice;
/** The ceilings, in seconds. */
export class Backoff {
    /** @param {{base?: number, soon?: number, cap?: number, steady?: number}} [ceilings] */
    constructor({ base, soon, cap, steady }?: {
        base?: number;
        soon?: number;
        cap?: number;
        steady?: number;
    });
    /** First ceiling after a lost connection or a rate-limit close (4429). */
    base: number;
    /** First ceiling after a close that asks for a prompt reconnect (1012). */
    soon: number;
    /** Highest ceiling. */
    cap: number;
    /** A connection that lasted this long resets the attempt count. */
    steady: number;
    /**
     * Seconds to wait before attempt number `attempt` (from 0), with `jitter` in [0, 1).
     *
     * The first new token is fetched at once; if it is refused too, the usual backoff applies.
     *
     * @param {ReconnectAdvice} advice
     * @param {number} attempt
     * @param {number} jitter
     */
    delay(advice: ReconnectAdvice, attempt: number, jitter: number): number;
    /**
     * Seconds before a refused request is retried: the server's `retry_after` plus up to a quarter, or the backoff.
     *
     * @param {number | null} retryAfter
     * @param {number} attempt
     * @param {number} jitter
     */
    retryDelay(retryAfter: number | null, attempt: number, jitter: number): number;
}
/**
 * what to do after a close
 */
export type ReconnectAdvice = import("./frames.js").ReconnectAdvice;
