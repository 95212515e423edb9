/** The I/O around the state machine: callers, the reader of events, open and close. */

import { Backoff } from "./backoff.js";
import { socketUrl } from "./connection.js";
import { BussaError, ConnectionClosedError, UnreachableError } from "./errors.js";
import { EventQueue, DEFAULT_CAPACITY } from "./event-queue.js";
import { ReconnectLoop, clock } from "./reconnect-loop.js";
import { State } from "./state.js";
import { Tokens } from "./tokens.js";

/** Pending requests at a time; further callers wait for room. */
export const MAX_PENDING = 1024;
/** How long `close` waits for outstanding replies. */
const DRAIN_SECONDS = 5;
const CLOSED_LOCALLY = "closed by this side";

/**
 * @typedef {object} Options
 * @property {import("./event-queue.js").Cursor | null} [resume] a saved `cursor` to resume from
 * @property {number} [patience] time-out of a call in seconds, across reconnects and, for a `send`, across outages and
 *     rate limits (30)
 * @property {boolean} [listen] false: drop events, for a program that only makes requests
 * @property {number} [queue] unread events to buffer; further ones stay on the server
 * @property {Backoff} [backoff] delays between connection attempts
 * @property {(status: import("./reconnect-loop.js").Status) => void} [watch] called on every change of `status`
 * @property {import("./connection.js").SocketConstructor} [WebSocket] a constructor, where there is no global one
 */

/** What outlives a single connection. `Client` adds the typed requests. */
export class ClientCore {
    /**
     * Does nothing before `open`.
     *
     * @param {string} url of the server: http(s)://… or ws(s)://…
     * @param {import("./tokens.js").TokenSource} token a token, or an async function that returns one; it is
     *     called again when a token was refused
     * @param {Options} [options]
     * @throws {TypeError} invalid `url`
     */
    constructor(url, token, options = {}) {
        const { patience = 30, resume = null, listen = true, queue = DEFAULT_CAPACITY } = options;
        const { backoff = new Backoff() } = options;
        /** @private */ this.patience = patience;
        /** @private */ this.watch = options.watch;
        /** @protected */ this.tokens = new Tokens(token);
        /** @protected */
        this.state = new State({ resume, queue: new EventQueue(queue, listen), backoff, rng: Math.random });
        /** @private */
        this.loop = new ReconnectLoop({
            url: socketUrl(url),
            Socket: options.WebSocket ?? globalThis.WebSocket,
            tokens: this.tokens,
            state: this.state,
            backoff,
            pump: () => this.pump(),
            onStatus: (status) => this.setStatus(status),
        });
        /** @type {import("./reconnect-loop.js").Status} */
        this.status = "connecting";
        /** @type {BussaError | null} why it is closed */
        this.ended = null;
        /** @private @type {Map<number, {resolve: (reply: any) => void, reject: (error: BussaError) => void}>} */
        this.callers = new Map();
        /** @private @type {(() => void)[]} callers beyond MAX_PENDING */ this.waitingForRoom = [];
        /** @private @type {(() => void)[]} callers of `nextChange` */ this.waitingForChange = [];
        /** @private */ this.closing = false;
        /** @private */ this.opened = false;
    }

    // ---- properties

    /** The user id, from the server; empty before the first connection. */
    get user() {
        return this.state.user ?? "";
    }

    /** The position of the last event read from `events()`. Save it, and pass it as `resume` later. */
    get cursor() {
        return this.state.queue.cursor;
    }

    /** Counts of frames that were ignored, and of gap recoveries and resets. */
    get counters() {
        return this.state.counters;
    }

    /** Why the last connection attempt failed, human-readable. */
    get why() {
        return this.loop.why;
    }

    // ---- open and close

    /**
     * Connect; resolves with the first connection.
     *
     * @param {number} [patience] time-out in seconds; Infinity: none
     * @returns {Promise<this>}
     * @throws {UnreachableError} no connection in time
     * @throws {ConnectionClosedError} rejected for good; TokenRefusedError: invalid token
     * @throws {import("./errors.js").ProtocolError} not a Bussa server
     */
    async open(patience = this.patience) {
        if (this.opened) throw new TypeError("a client can be opened once; create another one");
        this.opened = true;
        this.loop.run().then((why) => this.finish(why));
        const late = () => this.end(new UnreachableError(`no connection within ${patience} s: ${this.loop.why}`));
        const timer = patience === Infinity ? undefined : setTimeout(late, patience * 1e3);
        while (this.status === "connecting") await this.nextChange();
        clearTimeout(timer);
        if (this.ended) throw this.ended;
        return this;
    }

    /** Wait for outstanding replies (at most five seconds), then close. */
    async close() {
        this.closing = true;
        const patience = clock() + DRAIN_SECONDS;
        const timer = setTimeout(() => this.notifyWaiters(), DRAIN_SECONDS * 1e3);
        while (this.status === "live" && this.callers.size > 0 && clock() < patience) await this.nextChange();
        clearTimeout(timer);
        this.end(new ConnectionClosedError(null, CLOSED_LOCALLY));
    }

    /** The device woke up or its network is back: reconnect at once, or probe the connection. */
    wake() {
        if (this.opened && !this.ended) this.loop.wake();
    }

    /** @private @param {BussaError} error */
    end(error) {
        this.finish(error);
        this.loop.stop(error);
    }

    /** @private @param {BussaError} error */
    finish(error) {
        if (this.ended) return;
        this.ended = error;
        this.state.requests.failAll(error);
        this.pump();
        this.setStatus("closed");
    }

    // ---- requests and events

    /**
     * Make a request, given without its id. The methods of `Client` are the typed form.
     *
     * @template {string} T
     * @param {import("./codec.js").RequestWithoutId<T>} wanted
     * @param {number} [patience] seconds
     * @returns {Promise<import("./codec.js").ReplyTo<T>>}
     */
    async request(wanted, patience = this.patience) {
        const deadline = clock() + patience;
        while (this.callers.size >= MAX_PENDING && !this.ended) {
            await new Promise((resolve) => this.waitingForRoom.push(() => resolve(undefined)));
        }
        if (!this.opened) throw new ConnectionClosedError(null, "not open: call `open()` first");
        if (this.ended || this.closing) throw this.ended ?? new ConnectionClosedError(null, CLOSED_LOCALLY);
        const id = this.state.request(wanted, deadline);
        const reply = new Promise((resolve, reject) => this.callers.set(id, { resolve, reject }));
        this.pump();
        return reply;
    }

    /**
     * The events of the user's log from now on, each once and in order.
     *
     * Own requests cause no event; their reply tells. After a `reset`, reload the conversations. For one reader only.
     * It returns after `close`, and throws `ended` otherwise.
     *
     * @returns {AsyncGenerator<import("./event-queue.js").Notice, void, void>}
     */
    async *events() {
        for (;;) {
            const notice = this.state.take(clock());
            if (notice !== null) {
                if (this.state.log.behind) this.loop.flush();
                yield notice;
            } else if (this.ended) {
                if (this.ended instanceof ConnectionClosedError && this.ended.reason === CLOSED_LOCALLY) return;
                throw this.ended;
            } else {
                await this.nextChange();
            }
        }
    }

    /** Settle callers, write what is queued, and wake the waiting ones. @protected */
    pump() {
        for (const { id, outcome } of this.state.requests.settled.splice(0)) {
            const caller = this.callers.get(id);
            this.callers.delete(id);
            if (outcome instanceof BussaError) caller?.reject(outcome);
            else caller?.resolve(outcome);
        }
        const room = this.ended ? Infinity : MAX_PENDING - this.callers.size;
        for (const proceed of this.waitingForRoom.splice(0, room)) proceed();
        if (!this.ended) this.loop.flush();
        this.notifyWaiters();
    }

    /** @private @returns {Promise<void>} */
    nextChange() {
        return new Promise((resolve) => this.waitingForChange.push(resolve));
    }

    /** @private */
    notifyWaiters() {
        for (const wake of this.waitingForChange.splice(0)) wake();
    }

    /** @private @param {import("./reconnect-loop.js").Status} status */
    setStatus(status) {
        // `closed` is final, whatever a closing connection still reports.
        if (status === this.status || (this.ended && status !== "closed")) return;
        this.status = status;
        this.notifyWaiters();
        this.watch?.(status);
    }
}
