/** Loads messages on demand, and marks conversations as read. */

import { CHUNK, messageAt, missingChunks } from "../store/thread.js";

/** Load the newest messages of a conversation. @param {import("./engine.js").Engine} engine @param {string} peer */
export function openThread(engine, peer) {
    const { store, client } = engine;
    if (store.get().threads.get(peer)?.known) return;
    engine.runOnce(`open ${peer}`, async () => {
        try {
            const { messages } = await client.history(peer, { limit: CHUNK });
            store.dispatch({ type: "history", peer, messages, last: messages.at(-1)?.n ?? 0 });
        } catch (error) {
            if (/** @type {any} */ (error).code !== "not_found") throw error;
            store.dispatch({ type: "history", peer, messages: [], last: 0 });
        }
        if (!store.get().rows.has(peer)) engine.loadRow(peer);
    });
}

/**
 * Load the messages between two numbers that are missing.
 *
 * @param {import("./engine.js").Engine} engine
 * @param {string} peer
 * @param {number} from
 * @param {number} to
 */
export function loadRange(engine, peer, from, to) {
    const thread = engine.store.get().threads.get(peer);
    if (!thread) return;
    for (const chunk of missingChunks(thread, from, to)) {
        engine.runOnce(`history ${peer} ${chunk}`, async () => {
            const { messages } = await engine.client.history(peer, { after: chunk * CHUNK, limit: CHUNK });
            engine.store.dispatch({ type: "history", peer, messages, last: messages.at(-1)?.n ?? 0 });
        });
    }
}

/** Mark a conversation as read up to its newest message. @param {import("./engine.js").Engine} engine @param {string} peer */
export function markRead(engine, peer) {
    const { store, client } = engine;
    const row = store.get().rows.get(peer);
    const n = store.get().threads.get(peer)?.last ?? 0;
    // Reading a message request must not be disclosed to its sender.
    if (!row || row.folder !== "inbox" || row.unread === 0 || n <= row.read || !isLoaded(store, peer, n)) return;
    engine.runOnce(`read ${peer}`, async () => {
        await client.read(peer, n);
        store.dispatch({ type: "read", peer, by: store.get().user, n });
    });
}

/** @param {import("./engine.js").Store} store @param {string} peer @param {number} n */
function isLoaded(store, peer, n) {
    const thread = store.get().threads.get(peer);
    return thread && messageAt(thread, n);
}
