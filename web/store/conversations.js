/**
 * The conversations and how they stand: pure. One row a peer, and a folder for each list.
 *
 * @typedef {import("../sdk/frames.js").Conversation} Conversation
 * @typedef {import("../sdk/frames.js").Message} Message
 * @typedef {Omit<Conversation, "last" | "folder"> & {last: Message | null,
 *     folder: import("../sdk/frames.js").Folder | null}} Row
 *     `last` is null where nothing was written yet; `folder` then too
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
 * Take in a page of a list. A row that has moved on since the server made the page stays as it is.
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

/** What is known without the rows of one folder, which is read anew. @param {Rows} rows @param {string} folder */
export function withoutFolder(rows, folder) {
    return new Map([...rows].filter(([, row]) => row.folder !== folder));
}

/**
 * A message was written, by either side.
 *
 * @param {Rows} rows
 * @param {Message} message
 * @param {import("../sdk/frames.js").Folder} folder where it was put at its recipient
 * @param {string} user
 */
export function applyMessage(rows, message, folder, user) {
    const row = rows.get(message.peer) ?? emptyRow(message.peer);
    if (row.last && row.last.n >= message.n) return rows;
    const own = message.from === user;
    return withEntry(rows, message.peer, {
        ...row,
        last: message,
        // Whoever writes keeps the conversation in the inbox; writing back is accepting.
        folder: own ? "inbox" : folder,
        unread: own ? row.unread : row.unread + 1,
    });
}

/**
 * Somebody has read up to `n`.
 *
 * @param {Rows} rows
 * @param {string} peer
 * @param {string} by
 * @param {number} n
 * @param {number} left messages that are still unread then, where it was oneself
 */
export function applyRead(rows, peer, by, n, left) {
    const row = rows.get(peer);
    if (!row) return rows;
    if (by === peer) return withEntry(rows, peer, { ...row, peer_read: Math.max(row.peer_read ?? 0, n) });
    if (n < row.read) return rows;
    return withEntry(rows, peer, { ...row, read: n, unread: left });
}

/**
 * What accept, decline, mute, block or report changed.
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
 * A list, newest first.
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
 * Unread messages that ask for attention: not those of muted people, and no knocks.
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

/** Knocks that wait for an answer. @param {Rows} rows */
export function knockTotal(rows) {
    return inFolder(rows, "requests").filter((row) => !row.blocked).length;
}
