/**
 * Events that the application has not read yet: a bounded queue, each event with the cursor it advances to.
 *
 * An own write is an item without an event: its reply has told the application, so only the cursor advances.
 */

/** @typedef {{epoch: string, seq: number}} Cursor everything up to `seq` of the log `epoch` has been read */

/**
 * The log no longer reaches back to the cursor, or is a different one: reload the conversations. Later events follow
 * `cursor`.
 *
 * @typedef {{type: "reset", cursor: Cursor}} Reset
 */

/** @typedef {import("./frames.js").Event | Reset} ClientEvent what `events()` yields */

/** Unread events that are buffered here. Beyond it, events stay on the server until there is room. */
export const QUEUE_SIZE = 1024;

export class EventQueue {
    /**
     * @param {number} [capacity]
     * @param {boolean} [keep] false: drop events, nobody reads them
     */
    constructor(capacity = QUEUE_SIZE, keep = true) {
        /** @type {Cursor | null} what the application has read up to */
        this.cursor = null;
        this.length = 0;
        /** @private */ this.capacity = capacity;
        /** @private */ this.keep = keep;
        /** @private @type {{cursor: Cursor | null, event: ClientEvent | null}[]} */ this.items = [];
    }

    get full() {
        return this.length >= this.capacity;
    }

    /** Half of it is free: time to fetch what stayed on the server. */
    get hasRoom() {
        return this.length <= this.capacity / 2;
    }

    /**
     * Append an event; `cursor` is null for an ephemeral one.
     *
     * @param {ClientEvent} event
     * @param {Cursor | null} cursor
     */
    push(event, cursor) {
        if (!this.keep) {
            this.advance(cursor);
            return;
        }
        this.items.push({ cursor, event });
        this.length += 1;
    }

    /**
     * Advance past an entry that the application does not see.
     *
     * @param {Cursor | null} cursor
     */
    advance(cursor) {
        if (cursor === null) return;
        const last = this.items.at(-1);
        if (last === undefined) this.cursor = cursor;
        else if (last.event === null) last.cursor = cursor;
        else this.items.push({ cursor, event: null });
    }

    /** Start at `cursor`, before anything was read. @param {Cursor} cursor */
    start(cursor) {
        this.cursor = cursor;
    }

    /** Append a reset. It always fits: consecutive resets are merged. @param {Cursor} cursor */
    reset(cursor) {
        const last = this.items.at(-1);
        /** @type {Reset} */
        const event = { type: "reset", cursor };
        if (last?.event?.type === "reset") Object.assign(last, { cursor, event });
        else this.push(event, cursor);
    }

    /**
     * The next event, or null. The cursor advances past it.
     *
     * @returns {ClientEvent | null}
     */
    take() {
        const first = this.items.shift();
        if (first === undefined) return null;
        this.length -= 1;
        this.cursor = first.cursor ?? this.cursor;
        // Items without an event are consumed as soon as nothing unread precedes them.
        while (this.items[0]?.event === null) {
            this.cursor = this.items.shift()?.cursor ?? this.cursor;
        }
        return first.event;
    }
}
