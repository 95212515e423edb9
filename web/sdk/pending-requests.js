/**
 * The requests that wait for their answer: pure, time is an argument.
 *
 *     asked ──► waiting to be written ──► inFlight ──► answered
 *                      ▲                    │
 *                      ├──── put off ◄──────┤   a send that met rate_limited or unavailable
 *                      └────────────────────┘   the connection broke
 *
 * A request keeps its id and its text for life, so what is repeated is the very same request: a `send` under its
 * nonce, a read or a change of state because it may be carried out twice. `report` may not: every report is a case
 * of its own, so the caller is told that it is not known. What is repeated keeps the order in which it was asked.
 *
 * @typedef {import("./frames.js").Request} Request
 * @typedef {import("./frames.js").Answered} Answered
 * @typedef {{request: Request, data: string, deadline: number, inFlight: boolean, retryAt: number | null,
 *     tries: number, refused: RefusedError | null}} PendingRequest
 *     `inFlight`: it has been handed to a connection, so it may have been carried out; `retryAt`: when it is due again
 */

import { BussaError, DeadlineError, InterruptedRequestError, RefusedError } from "./errors.js";
import { encode } from "./codec.js";

const MAX_ID = 2_147_483_647;
const NOT_IDEMPOTENT = "report";

/** The table. Whoever asks bounds its size; `settled` holds outcomes until they are collected. */
export class PendingRequests {
    /**
     * @param {import("./backoff.js").Backoff} backoff
     * @param {() => number} rng
     */
    constructor(backoff, rng) {
        this.backoff = backoff;
        this.rng = rng;
        /** @type {{id: number, outcome: Answered | BussaError}[]} */
        this.settled = [];
        /** @private @type {Map<number, PendingRequest>} */ this.pending = new Map();
        /** @private @type {number[]} */ this.queue = [];
        /** @private */ this.lastId = 0;
        /** @private */ this.live = false;
    }

    get size() {
        return this.pending.size;
    }

    /** An id that no waiting request has; they begin anew after the largest. */
    nextId() {
        do this.lastId = (this.lastId % MAX_ID) + 1;
        while (this.pending.has(this.lastId));
        return this.lastId;
    }

    /**
     * Enter a request and return its id.
     *
     * @param {{type: string, [field: string]: unknown}} wanted without an id
     * @param {number} deadline
     * @throws {import("./errors.js").BadRequestError} it does not fit into a frame
     */
    add(wanted, deadline) {
        const id = this.nextId();
        const request = { ...wanted, id };
        const data = encode(request);
        this.pending.set(id, { request, data, deadline, inFlight: false, retryAt: null, tries: 0, refused: null });
        if (this.live) this.queue.push(id);
        return id;
    }

    /**
     * What to write next.
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

    /** A connection is there: everything that waits is written, oldest first. */
    connected() {
        this.live = true;
        this.queue = [...this.pending].filter(([, entry]) => entry.retryAt === null).map(([id]) => id);
    }

    /** The connection is gone. What may not be repeated is given back to its caller. */
    disconnected() {
        this.live = false;
        this.queue = [];
        for (const [id, entry] of [...this.pending]) {
            if (entry.inFlight && entry.request.type === NOT_IDEMPOTENT) {
                this.settle(id, new InterruptedRequestError("the connection broke before the answer came"));
            }
        }
    }

    /**
     * Settle a request by its reply; false if nobody waits for it.
     *
     * @param {Answered} reply
     */
    resolve(reply) {
        if (!this.pending.has(reply.id)) return false;
        this.settle(reply.id, reply);
        return true;
    }

    /**
     * Settle a request by its error, or put it off: a send that is worth repeating, while there is time.
     *
     * @param {number} id
     * @param {BussaError} error
     * @param {number} now
     */
    reject(id, error, now) {
        const entry = this.pending.get(id);
        if (!entry) return false;
        if (entry.request.type === "send" && error instanceof RefusedError && error.worthRepeating) {
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
     * Write what was put off and is due, give up what has run out of time; true if anything was given up.
     *
     * @param {number} now
     */
    tick(now) {
        const expired = [...this.pending].filter(([, entry]) => entry.deadline <= now);
        for (const [id, entry] of expired) {
            // A send that the server put off last was refused; any other may have been carried out.
            const refused = entry.retryAt === null ? null : entry.refused;
            this.settle(id, refused ?? new DeadlineError(entry.request.nonce ?? null));
        }
        for (const [id, entry] of this.pending) {
            if (entry.retryAt !== null && entry.retryAt <= now) {
                entry.retryAt = null;
                if (this.live) this.queue.push(id);
            }
        }
        return expired.length > 0;
    }

    /** When `tick` has something to do; Infinity: never. */
    nextTimer() {
        let first = Infinity;
        for (const entry of this.pending.values()) first = Math.min(first, entry.deadline, entry.retryAt ?? Infinity);
        return first;
    }

    /** @param {BussaError} error the end: nothing that waits will be answered */
    failAll(error) {
        for (const id of [...this.pending.keys()]) this.settle(id, error);
    }

    /**
     * Whether `event` may be the trace of a send that flew and is not answered yet.
     *
     * Only its answer can tell: another device of the same user may have said the same words.
     *
     * @param {import("./frames.js").Event} event
     * @param {string | null} user
     */
    mayBeEchoOfPending(event, user) {
        if (event.type !== "message" || event.from !== user) return false;
        for (const { request, inFlight } of this.pending.values()) {
            const same = request.to === event.peer && request.text === event.text;
            if (inFlight && request.type === "send" && same && (request.reply_to ?? null) === (event.reply_to ?? null)) {
                return true;
            }
        }
        return false;
    }

    /**
     * @private
     * @param {number} id
     * @param {Answered | BussaError} outcome
     */
    settle(id, outcome) {
        this.pending.delete(id);
        this.settled.push({ id, outcome });
    }
}
