/** Which messages are read from the server, and when a conversation counts as read. */

import { CHUNK, at, missing } from "../store/thread.js";

/** Open a conversation: learn how long it is, and what stands at its end. @param {import("./engine.js").Engine} engine @param {string} peer */
export function openThread(engine, peer) {
    const { store, me } = engine;
    if (store.get().threads.get(peer)?.known) return;
    engine.quietly(`open ${peer}`, async () => {
        try {
            const { messages } = await me.history(peer, { limit: CHUNK });
            store.dispatch({ type: "history", peer, messages, last: messages.at(-1)?.n ?? 0 });
        } catch (error) {
            if (/** @type {any} */ (error).code !== "not_found") throw error;
            store.dispatch({ type: "history", peer, messages: [], last: 0 });
        }
        if (!store.get().rows.has(peer)) engine.row(peer);
    });
}

/**
 * See that the messages between two numbers are here.
 *
 * @param {import("./engine.js").Engine} engine
 * @param {string} peer
 * @param {number} from
 * @param {number} to
 */
export function need(engine, peer, from, to) {
    const thread = engine.store.get().threads.get(peer);
    if (!thread) return;
    for (const chunk of missing(thread, from, to)) {
        engine.quietly(`history ${peer} ${chunk}`, async () => {
            const { messages } = await engine.me.history(peer, { after: chunk * CHUNK, limit: CHUNK });
            engine.store.dispatch({ type: "history", peer, messages, last: messages.at(-1)?.n ?? 0 });
        });
    }
}

/** The newest message of a conversation has been looked at. @param {import("./engine.js").Engine} engine @param {string} peer */
export function seen(engine, peer) {
    const { store, me } = engine;
    const row = store.get().rows.get(peer);
    const n = store.get().threads.get(peer)?.last ?? 0;
    // Who knocked learns nothing, so nothing is said; and own messages need no mark.
    if (!row || row.folder !== "inbox" || row.unread === 0 || n <= row.read || !at0(store, peer, n)) return;
    engine.quietly(`read ${peer}`, async () => {
        await me.read(peer, n);
        store.dispatch({ type: "read", peer, by: store.get().user, n });
    });
}

/** @param {import("./engine.js").Store} store @param {string} peer @param {number} n */
function at0(store, peer, n) {
    const thread = store.get().threads.get(peer);
    return thread && at(thread, n);
}
