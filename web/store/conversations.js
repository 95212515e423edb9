/**
 * The conversation list: one row per peer, in a folder. Pure functions.
 *
 * @typedef {import("../sdk/frames.js").Conversation} Conversation
 * @typedef {import("../sdk/frames.js").Message} Message
 * @typedef {Omit<Conversation, "last" | "folder"> & {last: Message | null,
 *     folder: import("../sdk/frames.js").Folder | null}} Row
 *     `last` and `folder` are null before the first message
 * @typedef {ReadonlyMap<string, Row>} Rows
 */

import { withEntry } from "./store.js";

/**
 * @param {string} peer
 * @returns {Row}
 */
export function emptyRow(peer) {
    return {
        ...{ peer, last: null, unread: 0, read: 0, peer_read: null },
        ...{ muted: false, folder: null, blocked: false, name: "" },
    };
}

/**
 * Merge a page of a list. Rows that are newer than the page stay.
 *
 * @param {Rows} rows
 * @param {readonly Conversation[]} page
 */
export function mergePage(rows, page) {
    const next = new Map(rows);
    for (const row of page) {
        const known = next.get(row.peer);
        if (!known?.last || known.last.n <= row.last.n) next.set(row.peer, row);
    }
    return next;
}

/** Drop the rows of a folder, before it is reloaded. @param {Rows} rows @param {string} folder */
export function withoutFolder(rows, folder) {
    return new Map([...rows].filter(([, row]) => row.folder !== folder));
}

/**
 * Apply a message of either side.
 *
 * @param {Rows} rows
 * @param {Message} message
 * @param {import("../sdk/frames.js").Folder} folder of its recipient
 * @param {string} user
 */
export function applyMessage(rows, message, folder, user) {
    const row = rows.get(message.peer) ?? emptyRow(message.peer);
    if (row.last && row.last.n >= message.n) return rows;
    const own = message.from === user;
    return withEntry(rows, message.peer, {
        ...row,
        last: message,
        // Replying to a message request accepts it.
        folder: own ? "inbox" : folder,
        unread: own ? row.unread : row.unread + 1,
    });
}

/**
 * Apply a read marker.
 *
 * @param {Rows} rows
 * @param {string} peer
 * @param {string} by
 * @param {number} n
 * @param {number} left unread messages after `n`, if the reader is this user
 */
export function applyRead(rows, peer, by, n, left) {
    const row = rows.get(peer);
    if (!row) return rows;
    if (by === peer) return withEntry(rows, peer, { ...row, peer_read: Math.max(row.peer_read ?? 0, n) });
    if (n < row.read) return rows;
    return withEntry(rows, peer, { ...row, read: n, unread: left });
}

/**
 * Change fields of a row.
 *
 * @param {Rows} rows
 * @param {string} peer
 * @param {Partial<Row>} change
 */
export function patchRow(rows, peer, change) {
    const row = rows.get(peer) ?? emptyRow(peer);
    return withEntry(rows, peer, { ...row, ...change });
}

/**
 * The rows of a folder, newest first.
 *
 * @param {Rows} rows
 * @param {"inbox" | "requests"} folder
 */
export function inFolder(rows, folder) {
    return [...rows.values()]
        .filter((row) => row.last && row.folder === folder)
        .sort((one, other) => (other.last?.at ?? 0) - (one.last?.at ?? 0) || (one.peer < other.peer ? -1 : 1));
}

/**
 * Unread messages, except knocks and those of muted or blocked people.
 *
 * @param {Rows} rows
 */
export function unreadTotal(rows) {
    let total = 0;
    for (const row of rows.values()) {
        if (row.folder === "inbox" && !row.muted && !row.blocked) total += row.unread;
    }
    return total;
}

/** Message requests that wait for an answer. @param {Rows} rows */
export function knockTotal(rows) {
    return inFolder(rows, "requests").filter((row) => !row.blocked).length;
}
