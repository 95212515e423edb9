/**
 * The state machine of a client: no socket, no clock, no randomness of its own.
 *
 *     log        the position in the user's log
 *     queue      events for the application
 *     requests   requests without a reply
 *
 * The application gets the log in order, each entry once; a missing entry is fetched with `sync`. An own write is
 * reported by its reply alone: its event, which is replayed after a reconnect, is skipped.
 */

/**
 * @typedef {import("./frames.js").Event} Event
 * @typedef {import("./frames.js").LogEvent} LogEvent
 * @typedef {import("./codec.js").SuccessReply} SuccessReply
 * @typedef {import("./codec.js").Skipped} Skipped
 */

import { PendingRequests } from "./pending-requests.js";
import { Backoff } from "./backoff.js";
import { EventBacklogError, ProtocolError, ApiError, refusal } from "./errors.js";
import { EventQueue } from "./event-queue.js";
import { MAX_PAGE } from "./frames.js";
import { LogCursor } from "./log-cursor.js";
import { encode, isReply, parseFrame } from "./codec.js";

/** Own writes that may wait behind unread events; further requests throw. */
export const MAX_OWN_WRITES = 10_000;

/** `now` is in seconds of any monotonic clock. */
export class State {
    /**
     * @param {{resume?: import("./event-queue.js").Cursor | null, queue?: EventQueue, backoff?: Backoff,
     *     rng?: () => number}} [options]
     */
    constructor({ resume = null, queue = new EventQueue(), backoff = new Backoff(), rng = () => 0.5 } = {}) {
        this.queue = queue;
        this.log = new LogCursor(resume);
        if (resume) this.queue.start(resume);
        this.requests = new PendingRequests(backoff, rng);
        /** Frames that were ignored, as the protocol allows, and recoveries. */
        this.counters = { unknownFrames: 0, unsolicitedReplies: 0, ephemeralDropped: 0, catchUps: 0, resets: 0 };
        /** @type {string | null} */ this.user = null;
        this.live = false;
        /** Gap recovery failed on this connection: close it; the next welcome decides between resume and reset. */
        this.broken = false;
        /** @private @type {number | null} the id of the `sync` in flight */ this.syncId = null;
        /** @private the server's retry_after */ this.syncNotBefore = 0;
        /** @private @type {string | null} */ this.urgent = null;
        /** @private @type {string | null} */ this.typingTo = null;
    }

    // ---- called by the application

    /**
     * Add a request and return its id; its outcome appears in `requests.settled`.
     *
     * @param {import("./codec.js").RequestWithoutId} wanted
     * @param {number} deadline
     * @throws {EventBacklogError} too many own writes wait behind unread events
     * @throws {import("./errors.js").BadRequestError} it does not fit into a frame
     */
    request(wanted, deadline) {
        if (this.log.own.size >= MAX_OWN_WRITES) {
            throw new EventBacklogError(`${MAX_OWN_WRITES} own writes wait behind unread events`);
        }
        return this.requests.add(wanted, deadline);
    }

    /** Queue a typing indicator; the latest replaces earlier ones. @param {string} peer */
    typing(peer) {
        if (this.live) this.typingTo = peer;
    }

    /** @param {number} now */
    take(now) {
        const notice = this.queue.take();
        if (this.log.behind && this.queue.hasRoom && this.log.catchUpAt === null) this.log.catchUp(now);
        return notice;
    }

    // ---- called by the connection

    /** @param {string} token */
    hello(token) {
        const at = this.log.cursor;
        return encode({ type: "hello", token, resume: at?.seq, epoch: at?.epoch });
    }

    /**
     * Connected. Every pending request is queued again.
     *
     * @param {import("./frames.js").WelcomeReply} frame
     * @param {number} now
     */
    welcome(frame, now) {
        this.live = true;
        this.user = frame.user;
        const here = { epoch: frame.epoch, seq: frame.head };
        if (this.log.cursor === null) {
            this.queue.start(here);
            this.log.start(here);
        } else if (frame.resumed) {
            this.log.expectReplay(frame.head, now);
        } else {
            this.counters.resets += 1;
            this.log.start(here);
            this.queue.reset(here);
        }
        this.requests.connected();
    }

    /** Disconnected. The next connection resumes from the log position. */
    disconnected() {
        this.live = this.broken = false;
        this.syncId = this.urgent = this.typingTo = null;
        this.log.pause();
        this.requests.disconnected();
    }

    /**
     * The next frame to write, or null.
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
        return this.requests.next();
    }

    /**
     * Process a frame of the server.
     *
     * @param {ReturnType<typeof parseFrame>} frame
     * @param {number} now
     */
    receive(frame, now) {
        if (frame.type === "error") this.onError(frame, now);
        else if (frame.type === "skipped") this.onSkipped(frame, now);
        else if (frame.type === "welcome") this.counters.unsolicitedReplies += 1;
        else if (isReply(frame)) this.onReply(frame, now);
        else if (frame.type === "typing") this.ephemeral(frame);
        else this.logEntry(frame.seq, frame, now);
    }

    // ---- timers

    /** Do what is due. @param {number} now */
    tick(now) {
        if (this.requests.tick(now)) this.releaseHeld(now);
        if (this.catchUpDue() <= now) this.startSync();
    }

    /** When to call `tick`; Infinity: never. */
    nextTimer() {
        return Math.min(this.requests.nextTimer(), this.catchUpDue());
    }

    // ---- replies

    /** @private @param {SuccessReply} reply @param {number} now */
    onReply(reply, now) {
        if (reply.id === this.syncId) {
            this.onSync(reply, now);
            return;
        }
        const known = this.requests.resolve(reply);
        if (!known) this.counters.unsolicitedReplies += 1;
        if ("seq" in reply && typeof reply.seq === "number") this.ownWrite(reply.seq, now, known);
        if ("head" in reply) this.log.expectHead(reply.head, now);
        this.releaseHeld(now);
    }

    /** @private @param {import("./frames.js").ErrorReply} error @param {number} now */
    onError(error, now) {
        const problem =
            refusal(error.code, error.message, error.retry_after ?? null) ??
            new ProtocolError(`unknown error code ${error.code}`);
        if (error.id === undefined || error.id === null) {
            this.counters.unsolicitedReplies += 1;
        } else if (error.id === this.syncId) {
            this.syncId = null;
            if (problem instanceof ApiError && problem.worthRepeating) {
                this.syncNotBefore = now + this.requests.backoff.retryDelay(problem.retryAfter, 0, this.requests.rng());
                this.log.catchUp(now);
            } else {
                this.broken = true;
            }
        } else if (!this.requests.reject(error.id, problem, now)) {
            this.counters.unsolicitedReplies += 1;
        }
        this.releaseHeld(now);
    }

    /** @private @param {Skipped} frame @param {number} now */
    onSkipped(frame, now) {
        this.counters.unknownFrames += 1;
        if (frame.id !== null) {
            const known = this.requests.reject(frame.id, new ProtocolError(`unknown reply ${frame.of}`), now);
            this.broken ||= frame.id === this.syncId;
            if (frame.seq !== null) this.ownWrite(frame.seq, now, known);
        } else if (frame.seq !== null) {
            this.logEntry(frame.seq, null, now);
        }
    }

    // ---- the log

    /** @private @param {number} seq @param {number} now @param {boolean} known */
    ownWrite(seq, now, known) {
        if (known) this.log.markOwn(seq);
        this.log.expectHead(seq, now);
        this.skipOwn(now);
    }

    /**
     * Process an entry of the log; null: one the application does not see.
     *
     * @private @param {number} seq @param {LogEvent | null} event @param {number} now
     */
    logEntry(seq, event, now) {
        if (!this.log.isNext(seq, now)) return;
        if (this.log.own.has(seq) || event === null) {
            this.log.advance(seq, now);
            this.queue.advance(this.log.cursor);
        } else if (this.queue.full || this.log.held) {
            this.log.catchUp(now);
        } else if (this.requests.mayBeEchoOfPending(event, this.user)) {
            this.log.held = true;
        } else {
            this.log.advance(seq, now);
            this.queue.push(event, this.log.cursor);
        }
        this.skipOwn(now);
    }

    /** @private @param {number} now */
    skipOwn(now) {
        if (this.log.skipOwn(now)) this.queue.advance(this.log.cursor);
    }

    /** A request was settled: fetch the entry that was held back for it. @private @param {number} now */
    releaseHeld(now) {
        if (!this.log.held) return;
        this.log.held = false;
        this.log.catchUp(now);
    }

    // ---- gap recovery

    /** @private */
    catchUpDue() {
        const { live, syncId, log, queue } = this;
        if (!live || syncId !== null || log.held || !queue.hasRoom) return Infinity;
        if (!log.behind || log.catchUpAt === null) return Infinity;
        return Math.max(log.catchUpAt, this.syncNotBefore);
    }

    /** @private */
    startSync() {
        this.counters.catchUps += 1;
        this.syncId = this.requests.nextId();
        this.log.catchUpAt = null;
        this.urgent = encode({ type: "sync", id: this.syncId, after: this.log.taken, limit: MAX_PAGE });
    }

    /** @private @param {SuccessReply} reply @param {number} now */
    onSync(reply, now) {
        this.syncId = null;
        const before = this.log.taken;
        if (reply.type === "sync") {
            for (const value of reply.events) {
                const entry = parseFrame(value);
                if (entry.type === "skipped") this.onSkipped(entry, now);
                else if ("seq" in entry && !("id" in entry)) {
                    const event = /** @type {LogEvent} */ (entry);
                    this.logEntry(event.seq, event, now);
                }
            }
            this.log.expectHead(reply.head, now);
        }
        if (this.log.held || this.queue.full || !this.log.behind) return;
        // No progress: the log was trimmed. Only a new resume gives a reset.
        if (this.log.taken === before) this.broken = true;
        else this.log.catchUp(now);
    }

    /** @private @param {import("./frames.js").TypingEvent} event */
    ephemeral(event) {
        if (this.queue.full) this.counters.ephemeralDropped += 1;
        else this.queue.push(event, null);
    }
}
