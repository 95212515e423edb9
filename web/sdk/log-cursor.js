/**
 * Where a device stands in its user's log, and when to read what is missing: pure, time is an argument.
 *
 *     taken    everything up to here was passed on, in order
 *     own      seqs beyond it that are known from replies to own requests
 *     seen     the highest seq that anything has told of
 *
 * `taken` < `seen` means that something is on its way, or lost. How long to hope before asking for it depends on
 * what told: an event beyond the next one proves a loss; a reply may overtake an event; a replay takes its time.
 *
 * @typedef {import("./event-queue.js").Cursor} Cursor
 */

/** Seconds that an event may come later than a reply with a higher seq, which takes the shorter way. */
export const REPLY_GRACE = 0.25;
/** Seconds without any progress after which a promised replay counts as lost. */
export const REPLAY_GRACE = 10;

/**
 * The one comparison that every device makes: is `seq` the `next` one, an `old` one, or is there a `gap`?
 *
 * @param {number} last the seq that was taken last (0: none yet)
 * @param {number} seq
 * @returns {"next" | "old" | "gap"}
 */
export function step(last, seq) {
    if (seq === last + 1) return "next";
    return seq <= last ? "old" : "gap";
}

/** The cursor of one device. */
export class LogCursor {
    /** @param {Cursor | null} [resume] */
    constructor(resume = null) {
        /** @type {Cursor | null} */
        this.cursor = resume;
        /** @type {Set<number>} */
        this.own = new Set();
        /** @type {number | null} when to read on from `taken`; null: nothing is missing, or it is being read */
        this.catchUpAt = null;
        /** The next entry waits for the answer to a send that may have made it. */
        this.held = false;
        /** @private */ this.head = resume?.seq ?? 0;
        /** @private */ this.grace = 0;
    }

    get taken() {
        return this.cursor?.seq ?? 0;
    }

    /** Whether there are entries that were told of and not taken. */
    get behind() {
        return this.taken < this.head;
    }

    /** @param {Cursor} cursor begin here: what was before is not this device's to count */
    start(cursor) {
        this.cursor = cursor;
        this.head = cursor.seq;
        this.own.clear();
        this.pause();
    }

    /**
     * A replay up to `head` has been promised.
     *
     * @param {number} head
     * @param {number} now
     */
    expectReplay(head, now) {
        this.head = Math.max(this.taken, head);
        this.expectWithin(now, REPLAY_GRACE);
    }

    /** No connection: nothing to hope for, nothing to hold. */
    pause() {
        this.catchUpAt = null;
        this.held = false;
    }

    /**
     * Whether the entry `seq` can be taken now. One that leaves a gap has to be read from the log.
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
     * Move on to `seq`, the next one.
     *
     * @param {number} seq
     * @param {number} now
     */
    advance(seq, now) {
        if (this.cursor === null) throw new TypeError("a log is taken from after a welcome");
        this.cursor = { epoch: this.cursor.epoch, seq };
        this.own.delete(seq);
        if (!this.behind) this.catchUpAt = null;
        else if (this.catchUpAt !== null) this.catchUpAt = Math.max(this.catchUpAt, now + this.grace);
    }

    /** @param {number} seq an own write that is known from its reply */
    markOwn(seq) {
        if (seq > this.taken) this.own.add(seq);
    }

    /**
     * Move on past own writes whose turn has come; true if there were any.
     *
     * @param {number} now
     */
    skipOwn(now) {
        const before = this.taken;
        while (this.own.has(this.taken + 1)) this.advance(this.taken + 1, now);
        return this.taken > before;
    }

    /**
     * A reply told that the log reaches to `seq`; what lies before it may still be on its way.
     *
     * @param {number} seq
     * @param {number} now
     */
    expectHead(seq, now) {
        this.head = Math.max(this.head, seq);
        this.expectWithin(now, REPLY_GRACE);
    }

    /** @param {number} at read on from `taken` then, or at once if that is due sooner */
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
