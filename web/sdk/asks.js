/**
 * The requests that wait for their answer: pure, time is an argument.
 *
 *     asked ──► waiting to be written ──► flown ──► answered
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
 * @typedef {{request: Request, data: string, deadline: number, flown: boolean, putOff: number | null,
 *     tries: number, refused: RefusedError | null}} Ask
 *     `flown`: it has been handed to a connection, so it may have been carried out; `putOff`: when it is due again
 */

import { BussaError, DeadlineError, InterruptedRequestError, RefusedError } from "./errors.js";
import { encode } from "./wire.js";

const ID_MAX = 2_147_483_647;
const NOT_REPEATED = "report";

/** The table. Whoever asks bounds its size; `settled` holds outcomes until they are collected. */
export class Asks {
    /**
     * @param {import("./backoff.js").Backoff} backoff
     * @param {() => number} chance
     */
    constructor(backoff, chance) {
        this.backoff = backoff;
        this.chance = chance;
        /** @type {{id: number, outcome: Answered | BussaError}[]} */
        this.settled = [];
        /** @private @type {Map<number, Ask>} */ this.asks = new Map();
        /** @private @type {number[]} */ this.queue = [];
        /** @private */ this.lastId = 0;
        /** @private */ this.live = false;
    }

    get size() {
        return this.asks.size;
    }

    /** An id that no waiting request has; they begin anew after the largest. */
    nextId() {
        do this.lastId = (this.lastId % ID_MAX) + 1;
        while (this.asks.has(this.lastId));
        return this.lastId;
    }

    /**
     * Enter a request and return its id.
     *
     * @param {{type: string, [field: string]: unknown}} wanted without an id
     * @param {number} deadline
     * @throws {import("./errors.js").BadRequestError} it does not fit into a frame
     */
    ask(wanted, deadline) {
        const id = this.nextId();
        const request = { ...wanted, id };
        const data = encode(request);
        this.asks.set(id, { request, data, deadline, flown: false, putOff: null, tries: 0, refused: null });
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
            const ask = this.asks.get(id);
            if (ask) {
                ask.flown = true;
                return ask.data;
            }
        }
        return null;
    }

    /** A connection is there: everything that waits is written, oldest first. */
    opened() {
        this.live = true;
        this.queue = [...this.asks].filter(([, ask]) => ask.putOff === null).map(([id]) => id);
    }

    /** The connection is gone. What may not be repeated is given back to its caller. */
    lost() {
        this.live = false;
        this.queue = [];
        for (const [id, ask] of [...this.asks]) {
            if (ask.flown && ask.request.type === NOT_REPEATED) {
                this.settle(id, new InterruptedRequestError("the connection broke before the answer came"));
            }
        }
    }

    /**
     * Settle a request by its reply; false if nobody waits for it.
     *
     * @param {Answered} reply
     */
    answer(reply) {
        if (!this.asks.has(reply.id)) return false;
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
    refuse(id, error, now) {
        const ask = this.asks.get(id);
        if (!ask) return false;
        if (ask.request.type === "send" && error instanceof RefusedError && error.worthRepeating) {
            const due = now + this.backoff.again(error.retryAfter, ask.tries, this.chance());
            if (due < ask.deadline) {
                ask.putOff = due;
                ask.tries += 1;
                ask.refused = error;
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
        const gone = [...this.asks].filter(([, ask]) => ask.deadline <= now);
        for (const [id, ask] of gone) {
            // A send that the server put off last was refused; any other may have been carried out.
            const refused = ask.putOff === null ? null : ask.refused;
            this.settle(id, refused ?? new DeadlineError(ask.request.nonce ?? null));
        }
        for (const [id, ask] of this.asks) {
            if (ask.putOff !== null && ask.putOff <= now) {
                ask.putOff = null;
                if (this.live) this.queue.push(id);
            }
        }
        return gone.length > 0;
    }

    /** When `tick` has something to do; Infinity: never. */
    timer() {
        let first = Infinity;
        for (const ask of this.asks.values()) first = Math.min(first, ask.deadline, ask.putOff ?? Infinity);
        return first;
    }

    /** @param {BussaError} error the end: nothing that waits will be answered */
    fail(error) {
        for (const id of [...this.asks.keys()]) this.settle(id, error);
    }

    /**
     * Whether `event` may be the trace of a send that flew and is not answered yet.
     *
     * Only its answer can tell: another device of the same user may have said the same words.
     *
     * @param {import("./frames.js").Event} event
     * @param {string | null} user
     */
    mayHaveSaid(event, user) {
        if (event.type !== "message" || event.from !== user) return false;
        for (const { request, flown } of this.asks.values()) {
            const same = request.to === event.peer && request.text === event.text;
            if (flown && request.type === "send" && same && (request.reply_to ?? null) === (event.reply_to ?? null)) {
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
        this.asks.delete(id);
        this.settled.push({ id, outcome });
    }
}
