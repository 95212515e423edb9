/**
 * Messages on their way: pure. Each keeps its nonce for life, so it may be tried again without being sent twice.
 *
 * @typedef {{nonce: string, peer: string, text: string, replyTo: number | null, at: number,
 *     state: "sending" | "failed", why: string | null}} Pending
 *     `at`: when it was written, in milliseconds; `why`: the code of the refusal, or `lost` for no answer
 * @typedef {ReadonlyMap<string, Pending>} Outbox
 */

import { withEntry } from "./store.js";

/**
 * @param {Outbox} outbox
 * @param {string} peer
 * @returns {Pending[]} those to one peer, oldest first
 */
export function pendingTo(outbox, peer) {
    return [...outbox.values()].filter((pending) => pending.peer === peer).sort((one, other) => one.at - other.at);
}

/**
 * @param {Outbox} outbox
 * @param {string} nonce
 * @param {Partial<Pending>} change
 * @returns {Outbox}
 */
export function patchPending(outbox, nonce, change) {
    const pending = outbox.get(nonce);
    return pending ? withEntry(outbox, nonce, { ...pending, ...change }) : outbox;
}

/** Reasons that pass by themselves: no answer in time, no connection, an outage, a limit. */
const TRANSIENT = new Set(["lost", "unavailable", "rate_limited"]);
/** Milliseconds: nonces are kept for a day at the least; well within it a repeated message is never a second one. */
const RETRY_WINDOW = 12 * 3600 * 1000;

/**
 * Whether a message that failed may be tried again without being asked to.
 *
 * @param {Pending} pending
 * @param {number} now
 */
export function retriesItself(pending, now) {
    return pending.state === "failed" && TRANSIENT.has(pending.why ?? "") && now - pending.at < RETRY_WINDOW;
}
