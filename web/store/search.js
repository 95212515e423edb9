/**
 * The search box. Replies to an outdated query are ignored.
 *
 * @typedef {{query: string, hits: readonly import("../sdk/frames.js").Message[], next: string | null,
 *     state: "idle" | "loading" | "done" | "failed"}} Search
 */

/** @type {Search} */
const IDLE = { query: "", hits: [], next: null, state: "idle" };

/**
 * @param {Search} [before]
 * @param {any} [action] `query` starts a search; `hits` are the reply to the query `of`
 * @returns {Search}
 */
export function search(before = IDLE, action = {}) {
    if (typeof action.query === "string") {
        return action.query ? { ...before, query: action.query, state: "loading" } : IDLE;
    }
    if (action.of === undefined || action.of !== before.query) return before;
    if (action.failed) return { ...before, state: "failed" };
    const hits = action.more ? [...before.hits, ...action.hits] : action.hits;
    return { query: before.query, hits, next: action.next, state: "done" };
}
