/**
 * Whether `seq` is the next one, an old one, or leaves a gap.
 *
 * @param {number} last the seq delivered last (0: none yet)
 * @param {number} seq
 * @returns {"next" | "old" | "gap"}
 */
export function step(last: number, seq: number): "next" | "old" | "gap";
/**
 * The position of this device in its user's log, and when to fetch what is missing. No I/O; time is an argument.
 *
 *     taken    everything up to here was delivered, in order
 *     own      seqs beyond it that are known from replies to own requests
 *     head     the highest seq seen anywhere
 *
 * `taken` < `head` means that entries are under way or lost. How long to wait before fetching them depends on the
 * source: an event beyond the next one proves a loss; a reply may overtake an event; a replay takes a while.
 */
/**
 * @typedef {import("./event-queue.js").Cursor} Cursor
 */
/** Seconds by which a reply with a higher seq may overtake an event. */
export const REPLY_GRACE: 0.25;
/** Seconds without progress after which an announced replay counts as lost. */
export const REPLAY_GRACE: 10;
export class LogCursor {
    /** @param {Cursor | null} [resume] */
    constructor(resume?: Cursor | null);
    /** @type {Cursor | null} */
    cursor: Cursor | null;
    /** @type {Set<number>} */
    own: Set<number>;
    /** @type {number | null} when to fetch from `taken` on; null: nothing is missing, or it is being fetched */
    catchUpAt: number | null;
    /** The next entry is held until the send that may have caused it is answered. */
    held: boolean;
    /** @private */ private head;
    /** @private */ private grace;
    get taken(): number;
    /** Whether entries are missing. */
    get behind(): boolean;
    /** Start at `cursor`, whatever came before. @param {Cursor} cursor */
    start(cursor: Cursor): void;
    /**
     * The server announced a replay up to `head`.
     *
     * @param {number} head
     * @param {number} now
     */
    expectReplay(head: number, now: number): void;
    /** Disconnected: nothing to wait for, nothing to hold. */
    pause(): void;
    /**
     * Whether the entry `seq` is next. A gap schedules a fetch.
     *
     * @param {number} seq
     * @param {number} now
     */
    isNext(seq: number, now: number): boolean;
    /**
     * Advance to `seq`, the next one.
     *
     * @param {number} seq
     * @param {number} now
     */
    advance(seq: number, now: number): void;
    /** Record an own write that is known from its reply. @param {number} seq */
    markOwn(seq: number): void;
    /**
     * Advance past own writes that are next. True if there were any.
     *
     * @param {number} now
     */
    skipOwn(now: number): boolean;
    /**
     * A reply says that the log reaches `seq`; earlier events may still be under way.
     *
     * @param {number} seq
     * @param {number} now
     */
    expectHead(seq: number, now: number): void;
    /** Fetch what is missing at that time, or earlier if already scheduled. @param {number} at */
    catchUp(at: number): void;
    /**
     * @private
     * @param {number} now
     * @param {number} grace
     */
    private expectWithin;
}
export type Cursor = import("./event-queue.js").Cursor;
