/**
 * What the application has still to read: a bounded queue of events, each with the cursor that it brings.
 *
 * An own write is a bare mark: the application knows it from its reply, only the cursor moves on.
 *
 * @typedef {{epoch: string, seq: number}} Cursor everything up to `seq` has been read, counted in `epoch`
 *
 * The log does not reach back to where this client was (or it is another log): read the conversations anew.
 * All of the gap is missing or none of it, never a part. What follows comes after `cursor`.
 * @typedef {{type: "reset", cursor: Cursor}} Reset
 *
 * @typedef {import("./frames.js").Event | Reset} Notice what `events()` yields
 */

/** Events that may wait for the application. Past it, they stay in the log on the server and are read from there. */
export const DEFAULT_CAPACITY = 1024;

export class EventQueue {
    /**
     * @param {number} [capacity]
     * @param {boolean} [keep] false: nobody reads, so nothing is kept
     */
    constructor(capacity = DEFAULT_CAPACITY, keep = true) {
        /** @type {Cursor | null} up to here the application has read */
        this.cursor = null;
        this.length = 0;
        /** @private */ this.capacity = capacity;
        /** @private */ this.keep = keep;
        /** @private @type {{cursor: Cursor | null, notice: Notice | null}[]} */ this.items = [];
    }

    get full() {
        return this.length >= this.capacity;
    }

    /** Half of it is free: worth fetching what was left on the server. */
    get hasRoom() {
        return this.length <= this.capacity / 2;
    }

    /**
     * Append an event; `cursor` is null for a fleeting one.
     *
     * @param {Notice} notice
     * @param {Cursor | null} cursor
     */
    push(notice, cursor) {
        if (!this.keep) {
            this.advance(cursor);
            return;
        }
        this.items.push({ cursor, notice });
        this.length += 1;
    }

    /**
     * Move on past something that the application need not see.
     *
     * @param {Cursor | null} cursor
     */
    advance(cursor) {
        if (cursor === null) return;
        const last = this.items.at(-1);
        if (last === undefined) this.cursor = cursor;
        else if (last.notice === null) last.cursor = cursor;
        else this.items.push({ cursor, notice: null });
    }

    /** @param {Cursor} cursor begin here, before anything was read */
    start(cursor) {
        this.cursor = cursor;
    }

    /** @param {Cursor} cursor up to there everything has to be read anew. Always fits: two in a row are one. */
    reset(cursor) {
        const last = this.items.at(-1);
        /** @type {Reset} */
        const notice = { type: "reset", cursor };
        if (last?.notice?.type === "reset") Object.assign(last, { cursor, notice });
        else this.push(notice, cursor);
    }

    /**
     * The next event, or null if there is none yet. The cursor moves past it.
     *
     * @returns {Notice | null}
     */
    take() {
        const first = this.items.shift();
        if (first === undefined) return null;
        this.length -= 1;
        this.cursor = first.cursor ?? this.cursor;
        // A mark is never first in the queue: it is passed as soon as nothing unread stands before it.
        while (this.items[0]?.notice === null) {
            this.cursor = this.items.shift()?.cursor ?? this.cursor;
        }
        return first.notice;
    }
}
