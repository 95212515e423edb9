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
export const QUEUE_SIZE: 1024;
export class EventQueue {
    /**
     * @param {number} [capacity]
     * @param {boolean} [keep] false: drop events, nobody reads them
     */
    constructor(capacity?: number, keep?: boolean);
    /** @type {Cursor | null} what the application has read up to */
    cursor: Cursor | null;
    length: number;
    /** @private */ private capacity;
    /** @private */ private keep;
    /** @private @type {{cursor: Cursor | null, event: ClientEvent | null}[]} */ private items;
    get full(): boolean;
    /** Half of it is free: time to fetch what stayed on the server. */
    get hasRoom(): boolean;
    /**
     * Append an event; `cursor` is null for an ephemeral one.
     *
     * @param {ClientEvent} event
     * @param {Cursor | null} cursor
     */
    push(event: ClientEvent, cursor: Cursor | null): void;
    /**
     * Advance past an entry that the application does not see.
     *
     * @param {Cursor | null} cursor
     */
    advance(cursor: Cursor | null): void;
    /** Start at `cursor`, before anything was read. @param {Cursor} cursor */
    start(cursor: Cursor): void;
    /** Append a reset. It always fits: consecutive resets are merged. @param {Cursor} cursor */
    reset(cursor: Cursor): void;
    /**
     * The next event, or null. The cursor advances past it.
     *
     * @returns {ClientEvent | null}
     */
    take(): ClientEvent | null;
}
/**
 * everything up to `seq` of the log `epoch` has been read
 */
export type Cursor = {
    epoch: string;
    seq: number;
};
/**
 * The log no longer reaches back to the cursor, or is a different one: reload the conversations. Later events follow
 * `cursor`.
 */
export type Reset = {
    type: "reset";
    cursor: Cursor;
};
/**
 * what `events()` yields
 */
export type ClientEvent = import("./frames.js").Event | Reset;
