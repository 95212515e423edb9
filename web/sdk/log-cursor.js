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
export const REPLY_GRACE = 0.25;
/** Seconds without progress after which an announced replay counts as lost. */
export const REPLAY_GRACE = 10;

/**
 * Whether `seq` is the next one, an old one, or leaves a gap.
 *
 * @param {number} last the seq delivered last (0: none yet)
 * @param {number} seq
 * @returns {"next" | "old" | "gap"}
 */
export function step(last, seq) {
    if (seq === last + 1) return "next";
    return seq <= last ? "old" : "gap";
}

export class LogCursor {
    /** @param {Cursor | null} [resume] */
    constructor(resume = null) {
        /** @type {Cursor | null} */
        this.cursor = resume;
        /** @type {Set<number>} */
        this.own = new Set();
        /** @type {number | null} when to fetch from `taken` on; null: nothing is missing, or it is being fetched */
        this.catchUpAt = null;
        /** The next entry is held until the send that may have caused it is answered. */
        this.held = false;
        /** @private */ this.head = resume?.seq ?? 0;
        /** @private */ this.grace = 0;
    }

    get taken() {
        return this.cursor?.seq ?? 0;
    }

    /** Whether entries are missing. */
    get behind() {
        return this.taken < this.head;
    }

    /** Start at `cursor`, whatever came before. @param {Cursor} cursor */
    start(cursor) {
        this.cursor = cursor;
        this.head = cursor.seq;
        this.own.clear();
        this.pause();
    }

    /**
     * The server announced a replay up to `head`.
     *
     * @param {number} head
     * @param {number} now
     */
    expectReplay(head, now) {
        this.head = Math.max(this.taken, head);
        this.expectWithin(now, REPLAY_GRACE);
    }

    /** Disconnected: nothing to wait for, nothing to hold. */
    pause() {
        this.catchUpAt = null;
        this.held = false;
    }

    /**
     * Whether the entry `seq` is next. A gap schedules a fetch.
     *
     * @param {number} seq
     * @param {number} now
     */
    isNext(seq, now) {
        this.head = Math.max(this.head, seq);
        const where = step(this.taken, seq);
        if (where === "gap") this.catchUp(now);
        return where === "next";
    }

    /**
     * Advance to `seq`, the next one.
     *
     * @param {number} seq
     * @param {number} now
     */
    advance(seq, now) {
        if (this.cursor === null) throw new TypeError("no welcome yet");
        this.cursor = { epoch: this.cursor.epoch, seq };
        this.own.delete(seq);
        if (!this.behind) this.catchUpAt = null;
        else if (this.catchUpAt !== null) this.catchUpAt = Math.max(this.catchUpAt, now + this.grace);
    }

    /** Record an own write that is known from its reply. @param {number} seq */
    markOwn(seq) {
        if (seq > this.taken) this.own.add(seq);
    }

    /**
     * Advance past own writes that are next. True if there were any.
     *
     * @param {number} now
     */
    skipOwn(now) {
        const before = this.taken;
        while (this.own.has(this.taken + 1)) this.advance(this.taken + 1, now);
        return this.taken > before;
    }

    /**
     * A reply says that the log reaches `seq`; earlier events may still be under way.
     *
     * @param {number} seq
     * @param {number} now
     */
    expectHead(seq, now) {
        this.head = Math.max(this.head, seq);
        this.expectWithin(now, REPLY_GRACE);
    }

    /** Fetch what is missing at that time, or earlier if already scheduled. @param {number} at */
    catchUp(at) {
        if (!this.behind) return;
        this.grace = 0;
        this.catchUpAt = this.catchUpAt === null ? at : Math.min(at, this.catchUpAt);
    }

    /**
     * @private
     * @param {number} now
     * @param {number} grace
     */
    expectWithin(now, grace) {
        if (!this.behind || this.catchUpAt !== null) return;
        this.grace = grace;
        this.catchUpAt = now + grace;
    }
}
