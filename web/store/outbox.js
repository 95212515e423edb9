/**
 * Messages without an acknowledgement. Each keeps its nonce, so a retry is never a duplicate. Pure functions.
 *
 * @typedef {{nonce: string, peer: string, text: string, replyTo: number | null, at: number,
 *     state: "sending" | "failed", why: string | null}} Pending
 *     `at`: creation time in ms; `why`: the error code, or `lost` for no response
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

/** Errors that a later retry may not meet again. */
const TRANSIENT = new Set(["lost", "unavailable", "rate_limited"]);
/** Milliseconds. The server keeps nonces for at least a day; within half of it a retry cannot be a duplicate. */
const RETRY_WINDOW = 12 * 3600 * 1000;

/**
 * Whether a failed message is retried automatically.
 *
 * @param {Pending} pending
 * @param {number} now
 */
export function retriesItself(pending, now) {
    return pending.state === "failed" && TRANSIENT.has(pending.why ?? "") && now - pending.at < RETRY_WINDOW;
}
