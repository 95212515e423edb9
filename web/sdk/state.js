/**
 * Everything that one device knows of its connection: pure, no socket, no clock, no chance of its own.
 *
 *     log      where in the user's log this device is
 *     feed     what waits for the application
 *     asks     what waits for an answer
 *
 * Two rules carry it. What the application is told is the log, in order, each entry once; an entry that is missing
 * is read with `sync`, never guessed. And an own write is told by its reply alone: should its event come as well
 * (after a broken connection it is replayed), it is passed over.
 *
 * @typedef {import("./frames.js").Event} Event
 * @typedef {import("./frames.js").LogEvent} LogEvent
 * @typedef {import("./frames.js").Answered} Answered
 * @typedef {import("./frames.js").Skipped} Skipped
 */

import { Asks } from "./asks.js";
import { Backoff } from "./backoff.js";
import { BehindError, NotContractError, RefusedError, refusal } from "./errors.js";
import { Feed } from "./feed.js";
import { Log } from "./log.js";
import { encode, isAnswer, typed } from "./wire.js";

/** Own writes that may stand behind unread events; past it a further request is refused here. */
export const OWN_WRITES = 10_000;
const PAGE_MAX = 200;

/** One user's device. Every method that needs the time is given it, in seconds of any steady clock. */
export class State {
    /**
     * @param {{resume?: import("./feed.js").Cursor | null, feed?: Feed, backoff?: Backoff,
     *     chance?: () => number}} [options]
     */
    constructor({ resume = null, feed = new Feed(), backoff = new Backoff(), chance = () => 0.5 } = {}) {
        this.feed = feed;
        this.log = new Log(resume);
        if (resume) this.feed.start(resume);
        this.asks = new Asks(backoff, chance);
        /** What was passed over, and how often. All of it is allowed by the contract, none of it in silence. */
        this.counters = { unknownFrames: 0, unaskedReplies: 0, fleetingDropped: 0, heals: 0, resets: 0 };
        /** @type {string | null} */ this.user = null;
        this.live = false;
        /** The log could not be healed on this connection: close it, resuming will tell. */
        this.broken = false;
        /** @private @type {number | null} the id of the `sync` that is under way */ this.sync = null;
        /** @private not before then another one, for the server asked to wait */ this.syncAfter = 0;
        /** @private @type {string | null} */ this.urgent = null;
        /** @private @type {string | null} */ this.typingTo = null;
    }

    // ---- what the application does

    /**
     * Enter a request and return its id; its outcome will stand in `asks.settled`.
     *
     * @param {{type: string, [field: string]: unknown}} wanted
     * @param {number} deadline
     * @throws {BehindError} too many own writes wait behind events that nobody reads
     * @throws {import("./errors.js").BadRequestError} it does not fit into a frame
     */
    ask(wanted, deadline) {
        if (this.log.own.size >= OWN_WRITES) {
            throw new BehindError(`${OWN_WRITES} own writes wait behind events that are not read`);
        }
        return this.asks.ask(wanted, deadline);
    }

    /** @param {string} peer the user is writing, if there is a connection to say it on; the last one counts */
    typing(peer) {
        if (this.live) this.typingTo = peer;
    }

    /** @param {number} now */
    take(now) {
        const notice = this.feed.take();
        if (this.log.behind && this.feed.roomy && this.log.healAt === null) this.log.heal(now);
        return notice;
    }

    // ---- what the connection does

    /** @param {string} token */
    hello(token) {
        const at = this.log.cursor;
        return encode({ type: "hello", token, resume: at?.seq, epoch: at?.epoch });
    }

    /**
     * The connection is there. Everything unanswered is written again.
     *
     * @param {import("./frames.js").Welcome} frame
     * @param {number} now
     */
    welcome(frame, now) {
        this.live = true;
        this.user = frame.user;
        const here = { epoch: frame.epoch, seq: frame.head };
        if (this.log.cursor === null) {
            this.feed.start(here);
            this.log.start(here);
        } else if (frame.resumed) {
            this.log.resumed(frame.head, now);
        } else {
            this.counters.resets += 1;
            this.log.start(here);
            this.feed.reset(here);
        }
        this.asks.opened();
    }

    /** The connection is gone. The log is where it was: the next one resumes from there. */
    lost() {
        this.live = this.broken = false;
        this.sync = this.urgent = this.typingTo = null;
        this.log.rest();
        this.asks.lost();
    }

    /**
     * What to write next, or null.
     *
     * @returns {string | null}
     */
    next() {
        if (!this.live) return null;
        if (this.typingTo !== null) {
            const peer = this.typingTo;
            this.typingTo = null;
            return encode({ type: "typing", peer });
        }
        if (this.urgent !== null) {
            const data = this.urgent;
            this.urgent = null;
            return data;
        }
        return this.asks.next();
    }

    /**
     * Take one frame of the server's.
     *
     * @param {ReturnType<typeof typed>} frame
     * @param {number} now
     */
    receive(frame, now) {
        if (frame.type === "error") this.refused(frame, now);
        else if (frame.type === "skipped") this.skipped(frame, now);
        else if (frame.type === "welcome") this.counters.unaskedReplies += 1;
        else if (isAnswer(frame)) this.answered(frame, now);
        else if (frame.type === "typing") this.fleeting(frame);
        else this.entry(frame.seq, frame, now);
    }

    // ---- time

    /** @param {number} now do what is due */
    tick(now) {
        if (this.asks.tick(now)) this.release(now);
        if (this.healDue() <= now) this.startSync();
    }

    /** When `tick` is due; Infinity: never. */
    timer() {
        return Math.min(this.asks.timer(), this.healDue());
    }

    // ---- replies

    /** @private @param {Answered} reply @param {number} now */
    answered(reply, now) {
        if (reply.id === this.sync) {
            this.synced(reply, now);
            return;
        }
        const known = this.asks.answer(reply);
        if (!known) this.counters.unaskedReplies += 1;
        if ("seq" in reply && typeof reply.seq === "number") this.own(reply.seq, now, known);
        if ("head" in reply) this.log.ahead(reply.head, now);
        this.release(now);
    }

    /** @private @param {import("./frames.js").Refusal} error @param {number} now */
    refused(error, now) {
        const problem =
            refusal(error.code, error.message, error.retry_after ?? null) ??
            new NotContractError(`an error that is none: ${error.code}`);
        if (error.id === undefined || error.id === null) {
            this.counters.unaskedReplies += 1;
        } else if (error.id === this.sync) {
            this.sync = null;
            if (problem instanceof RefusedError && problem.worthRepeating) {
                this.syncAfter = now + this.asks.backoff.again(problem.retryAfter, 0, this.asks.chance());
                this.log.heal(now);
            } else {
                this.broken = true;
            }
        } else if (!this.asks.refuse(error.id, problem, now)) {
            this.counters.unaskedReplies += 1;
        }
        this.release(now);
    }

    /** @private @param {Skipped} frame @param {number} now */
    skipped(frame, now) {
        this.counters.unknownFrames += 1;
        if (frame.id !== null) {
            const known = this.asks.refuse(frame.id, new NotContractError(`an answer that is none: ${frame.of}`), now);
            this.broken ||= frame.id === this.sync;
            if (frame.seq !== null) this.own(frame.seq, now, known);
        } else if (frame.seq !== null) {
            this.entry(frame.seq, null, now);
        }
    }

    // ---- the log

    /** @private @param {number} seq @param {number} now @param {boolean} known */
    own(seq, now, known) {
        if (known) this.log.markOwn(seq);
        this.log.ahead(seq, now);
        this.passOwn(now);
    }

    /**
     * Take one entry of the log, in order; null is one that the application need not see.
     *
     * @private @param {number} seq @param {LogEvent | null} event @param {number} now
     */
    entry(seq, event, now) {
        if (!this.log.isNext(seq, now)) return;
        if (this.log.own.has(seq) || event === null) {
            this.log.take(seq, now);
            this.feed.mark(this.log.cursor);
        } else if (this.feed.full || this.log.held) {
            this.log.heal(now);
        } else if (this.asks.mayHaveSaid(event, this.user)) {
            this.log.held = true;
        } else {
            this.log.take(seq, now);
            this.feed.put(event, this.log.cursor);
        }
        this.passOwn(now);
    }

    /** @private @param {number} now */
    passOwn(now) {
        if (this.log.passOwn(now)) this.feed.mark(this.log.cursor);
    }

    /** Something was settled: what was held back for it is read again, from the log. @private @param {number} now */
    release(now) {
        if (!this.log.held) return;
        this.log.held = false;
        this.log.heal(now);
    }

    // ---- healing

    /** @private */
    healDue() {
        const { live, sync, log, feed } = this;
        if (!live || sync !== null || log.held || !feed.roomy || !log.behind || log.healAt === null) return Infinity;
        return Math.max(log.healAt, this.syncAfter);
    }

    /** @private */
    startSync() {
        this.counters.heals += 1;
        this.sync = this.asks.nextId();
        this.log.healAt = null;
        this.urgent = encode({ type: "sync", id: this.sync, after: this.log.taken, limit: PAGE_MAX });
    }

    /** @private @param {Answered} reply @param {number} now */
    synced(reply, now) {
        this.sync = null;
        const before = this.log.taken;
        if (reply.type === "sync") {
            for (const value of reply.events) {
                const entry = typed(value);
                if (entry.type === "skipped") this.skipped(entry, now);
                else if ("seq" in entry && !("id" in entry)) this.entry(/** @type {LogEvent} */ (entry).seq, entry, now);
            }
            this.log.ahead(reply.head, now);
        }
        if (this.log.held || this.feed.full || !this.log.behind) return;
        // Where the log no longer has what comes next only a resume can tell, and gives a reset.
        if (this.log.taken === before) this.broken = true;
        else this.log.heal(now);
    }

    /** @private @param {import("./frames.js").TypingEvent} event */
    fleeting(event) {
        if (this.feed.full) this.counters.fleetingDropped += 1;
        else this.feed.put(event, null);
    }
}
