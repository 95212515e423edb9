/**
 * Remembers blocked and muted users without a conversation. The server lists conversations only, so without this cache
 * there would be no way to find and unblock them.
 */

import * as accounts from "./accounts.js";

/** Oldest entries are dropped beyond it. */
const MAX_ENTRIES = 500;

/** @param {import("./engine.js").Engine} engine */
export function restoreRelationships(engine) {
    const { store } = engine;
    const key = `bussa:relationships:${engine.account.user}`;
    const kept = accounts.json(accounts.get(key));
    /** @type {Map<string, {muted: boolean, blocked: boolean}>} */
    const relationships = new Map(Array.isArray(kept) ? kept : []);
    for (const [peer, { muted, blocked }] of relationships) {
        store.dispatch({ type: "row", peer, change: { muted: muted === true, blocked: blocked === true } });
    }
    store.subscribe((_, action) => {
        if (action.type !== "conversation" || action.folder !== null) return;
        relationships.delete(action.peer);
        if (action.muted || action.blocked) relationships.set(action.peer, { muted: action.muted, blocked: action.blocked });
        accounts.set(key, JSON.stringify([...relationships].slice(-MAX_ENTRIES)));
    });
}
