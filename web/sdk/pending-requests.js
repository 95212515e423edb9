/**
 * The requests without a reply. No I/O; time is an argument.
 *
 *     added ──► queued ──► in flight ──► settled
 *                 ▲            │
 *                 ├─ retryAt ◄─┤   a send met rate_limited or unavailable
 *                 └────────────┘   the connection broke
 *
 * A request keeps its id and its bytes, so a retry is the same request. A `send` is idempotent by its nonce, reads and
 * state changes by nature. A `report` is not: each one opens a case, so its caller gets an error instead of a retry.
 * Retries keep the order in which the requests were added.
 */

/**
 * @typedef {import("./frames.js").Request} Request
 * @typedef {import("./codec.js").SuccessReply} SuccessReply
 * @typedef {{request: Request, data: string, deadline: number, inFlight: boolean, retryAt: number | null,
 *     tries: number, refused: ApiError | null}} PendingRequest
 *     `inFlight`: it was written to a connection, so the server may have executed it; `retryAt`: when to write it again
 */

import { BussaError, RequestTimeoutError, RequestInterruptedError, ApiError } from "./errors.js";
import { encode } from "./codec.js";
import { MAX_REQUEST_ID } from "./frames.js";

const NOT_IDEMPOTENT = "report";

/** The table of pending requests. The caller bounds its size and collects the outcomes from `settled`. */
export class PendingRequests {
    /**
     * @param {import("./backoff.js").Backoff} backoff
     * @param {() => number} rng
     */
    constructor(backoff, rng) {
        this.backoff = backoff;
        this.rng = rng;
        /** @type {{id: number, outcome: SuccessReply | BussaError}[]} */
        this.settled = [];
        /** @private @type {Map<number, PendingRequest>} */ this.pending = new Map();
        /** @private @type {number[]} */ this.queue = [];
        /** @private */ this.lastId = 0;
        /** @private */ this.live = false;
    }

    get size() {
        return this.pending.size;
    }

    /** An id that no pending request uses. Ids wrap around after the largest. */
    nextId() {
        do this.lastId = (this.lastId % MAX_REQUEST_ID) + 1;
        while (this.pending.has(this.lastId));
        return this.lastId;
    }

    /**
     * Add a request and return its id.
     *
     * @param {import("./codec.js").RequestWithoutId} wanted
     * @param {number} deadline
     * @throws {import("./errors.js").BadRequestError} it does not fit into a frame
     */
    add(wanted, deadline) {
        const id = this.nextId();
        const request = /** @type {Request} */ ({ ...wanted, id });
        const data = encode(request);
        this.pending.set(id, { request, data, deadline, inFlight: false, retryAt: null, tries: 0, refused: null });
        if (this.live) this.queue.push(id);
        return id;
    }

    /**
     * The next frame to write, or null.
     *
     * @returns {string | null}
     */
    next() {
        for (let id = this.queue.shift(); id !== undefined; id = this.queue.shift()) {
            const entry = this.pending.get(id);
            if (entry) {
                entry.inFlight = true;
                return entry.data;
            }
        }
        return null;
    }

    /** A connection is live: queue every pending request, oldest first. */
    connected() {
        this.live = true;
        this.queue = [...this.pending].filter(([, entry]) => entry.retryAt === null).map(([id]) => id);
    }

    /** The connection is gone: reject what must not be retried. */
    disconnected() {
        this.live = false;
        this.queue = [];
        for (const [id, entry] of [...this.pending]) {
            if (entry.inFlight && entry.request.type === NOT_IDEMPOTENT) {
                this.settle(id, new RequestInterruptedError("disconnected before the reply"));
            }
        }
    }

    /**
     * Settle a request with its reply. False if no request has that id.
     *
     * @param {SuccessReply} reply
     */
    resolve(reply) {
        if (!this.pending.has(reply.id)) return false;
        this.settle(reply.id, reply);
        return true;
    }

    /**
     * Settle a request with its error, or schedule a retry of a send before its deadline.
     *
     * @param {number} id
     * @param {BussaError} error
     * @param {number} now
     */
    reject(id, error, now) {
        const entry = this.pending.get(id);
        if (!entry) return false;
        if (entry.request.type === "send" && error instanceof ApiError && error.worthRepeating) {
            const due = now + this.backoff.retryDelay(error.retryAfter, entry.tries, this.rng());
            if (due < entry.deadline) {
                entry.retryAt = due;
                entry.tries += 1;
                entry.refused = error;
                return true;
            }
        }
        this.settle(id, error);
        return true;
    }

    /**
     * Queue the retries that are due, and settle what is past its deadline. True if anything was.
     *
     * @param {number} now
     */
    tick(now) {
        const expired = [...this.pending].filter(([, entry]) => entry.deadline <= now);
        for (const [id, entry] of expired) {
            // A send that waits for a retry is known to be refused; any other may have been executed.
            const refused = entry.retryAt === null ? null : entry.refused;
            const nonce = entry.request.type === "send" ? entry.request.nonce : null;
            this.settle(id, refused ?? new RequestTimeoutError(nonce));
        }
        for (const [id, entry] of this.pending) {
            if (entry.retryAt !== null && entry.retryAt <= now) {
                entry.retryAt = null;
                if (this.live) this.queue.push(id);
            }
        }
        return expired.length > 0;
    }

    /** When to call `tick`; Infinity: never. */
    nextTimer() {
        let first = Infinity;
        for (const entry of this.pending.values()) first = Math.min(first, entry.deadline, entry.retryAt ?? Infinity);
        return first;
    }

    /** Settle all of them. @param {BussaError} error */
    failAll(error) {
        for (const id of [...this.pending.keys()]) this.settle(id, error);
    }

    /**
     * Whether `event` may be the echo of a send that is in flight.
     *
     * Only the reply can tell: another device of the same user may have sent the same text.
     *
     * @param {import("./frames.js").Event} event
     * @param {string | null} user
     */
    mayBeEchoOfPending(event, user) {
        if (event.type !== "message" || event.from !== user) return false;
        for (const { request, inFlight } of this.pending.values()) {
            if (!inFlight || request.type !== "send") continue;
            const same = request.to === event.peer && request.text === event.text;
            if (same && (request.reply_to ?? null) === (event.reply_to ?? null)) return true;
        }
        return false;
    }

    /**
     * @private
     * @param {number} id
     * @param {SuccessReply | BussaError} outcome
     */
    settle(id, outcome) {
        this.pending.delete(id);
        this.settled.push({ id, outcome });
    }
}
