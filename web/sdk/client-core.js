/** The shell around the state: the waiting callers, the reader of events, the beginning and the end. */

import { Backoff } from "./backoff.js";
import { socketUrl } from "./connection.js";
import { BussaError, ClosedError, UnreachableError } from "./errors.js";
import { EventQueue, DEFAULT_CAPACITY } from "./event-queue.js";
import { ReconnectLoop, clock } from "./reconnect-loop.js";
import { State } from "./state.js";
import { Tokens } from "./tokens.js";

/** Requests that may wait for their answer; a further caller waits for room. */
export const MAX_PENDING = 1024;
/** How long a clean close waits for answers that are still to come. */
const DRAIN_SECONDS = 5;
const CLOSED_LOCALLY = "closed by this side";

/**
 * @typedef {object} Options
 * @property {import("./event-queue.js").Cursor | null} [resume] a `cursor` saved earlier, to go on from there
 * @property {number} [patience] seconds that a call rides out broken connections, and a `send` also outages and
 *     limits, before it is given up (30)
 * @property {boolean} [listen] false for a program that only asks: events are passed over instead of kept
 * @property {number} [queue] events that may wait for the reader of `events()`; more of them wait on the server
 * @property {Backoff} [backoff] how long to wait between connections
 * @property {(status: import("./reconnect-loop.js").Status) => void} [watch] told of every change of `status`
 * @property {any} [WebSocket] the constructor, where there is no global one
 */

/** What stays up while connections come and go. `Client` gives it the calls of the contract. */
export class ClientCore {
    /**
     * Nothing happens before `open`.
     *
     * @param {string} url where the server is: http(s)://… or ws(s)://…
     * @param {import("./tokens.js").TokenSource} token the token, or an async function that gives one; it is called
     *     again whenever one was refused
     * @param {Options} [options]
     * @throws {TypeError} `url` is no address of a server
     */
    constructor(url, token, options = {}) {
        const { patience = 30, resume = null, queue = DEFAULT_CAPACITY, listen = true, backoff = new Backoff() } = options;
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
        /** @type {import("./reconnect-loop.js").Status} whether there is a connection right now */
        this.status = "connecting";
        /** @type {BussaError | null} why it is closed */
        this.ended = null;
        /** @private @type {Map<number, {resolve: (reply: any) => void, reject: (error: BussaError) => void}>} */
        this.callers = new Map();
        /** @private @type {(() => void)[]} who waits for room */ this.waitingForRoom = [];
        /** @private @type {(() => void)[]} who waits for a change */ this.waitingForChange = [];
        /** @private */ this.closing = false;
        /** @private */ this.opened = false;
    }

    // ---- what it is

    /** Who this is, as the server said; empty before the first connection. */
    get user() {
        return this.state.user ?? "";
    }

    /** Place of the last event read from `events()`: save it, and give it as `resume` another time. */
    get cursor() {
        return this.state.queue.cursor;
    }

    /** What was passed over, and how often. */
    get counters() {
        return this.state.counters;
    }

    /** How the last try to connect ended, for people. */
    get why() {
        return this.loop.why;
    }

    // ---- beginning and end

    /**
     * Connect; resolves with the first connection.
     *
     * @param {number} [patience] seconds in place of the client's own; Infinity waits for ever
     * @returns {Promise<this>}
     * @throws {UnreachableError} no connection within the patience
     * @throws {ClosedError} the server turned it away for good; TokenRefusedError for want of a good token
     * @throws {import("./errors.js").NotContractError} that is no Bussa server
     */
    async open(patience = this.patience) {
        if (this.opened) throw new TypeError("it has been opened before; make another one");
        this.opened = true;
        this.loop.run().then((why) => this.finish(why));
        const late = () => this.end(new UnreachableError(`no connection within ${patience} s: ${this.loop.why}`));
        const timer = patience === Infinity ? undefined : setTimeout(late, patience * 1e3);
        while (this.status === "connecting") await this.nextChange();
        clearTimeout(timer);
        if (this.ended) throw this.ended;
        return this;
    }

    /** Close, after answers that are still to come have come (at most five seconds). */
    async close() {
        this.closing = true;
        const patience = clock() + DRAIN_SECONDS;
        const timer = setTimeout(() => this.notifyWaiters(), DRAIN_SECONDS * 1e3);
        while (this.status === "live" && this.callers.size > 0 && clock() < patience) await this.nextChange();
        clearTimeout(timer);
        this.end(new ClosedError(null, CLOSED_LOCALLY));
    }

    /** The device woke up, or its network came back: do not wait any longer, and see whether all is well. */
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

    // ---- a call, an event

    /**
     * The reply to a request without an id. The methods of `Client` are the typed way.
     *
     * @param {{type: string, [field: string]: unknown}} wanted
     * @param {number} [patience] seconds
     * @returns {Promise<any>}
     */
    async request(wanted, patience = this.patience) {
        const deadline = clock() + patience;
        while (this.callers.size >= MAX_PENDING && !this.ended) {
            await new Promise((resolve) => this.waitingForRoom.push(() => resolve(undefined)));
        }
        if (!this.opened) throw new ClosedError(null, "not open: call `open()` first");
        if (this.ended || this.closing) throw this.ended ?? new ClosedError(null, CLOSED_LOCALLY);
        const id = this.state.request(wanted, deadline);
        const reply = new Promise((resolve, reject) => this.callers.set(id, { resolve, reject }));
        this.pump();
        return reply;
    }

    /**
     * What happens to the user from now on, each entry of the log once and in order.
     *
     * Own requests give no event: their answer tells. A `reset` says that the conversations have to be read anew.
     * Read by one loop only; it ends after `close`, and throws what ended the connection otherwise.
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
                if (this.ended instanceof ClosedError && this.ended.reason === CLOSED_LOCALLY) return;
                throw this.ended;
            } else {
                await this.nextChange();
            }
        }
    }

    /** Something happened: settle callers, write, wake whoever waits. @protected */
    pump() {
        for (const { id, outcome } of this.state.requests.settled.splice(0)) {
            const caller = this.callers.get(id);
            this.callers.delete(id);
            if (outcome instanceof BussaError) caller?.reject(outcome);
            else caller?.resolve(outcome);
        }
        for (const room of this.waitingForRoom.splice(0, this.ended ? undefined : MAX_PENDING - this.callers.size)) room();
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
        // Once it is over it stays so, whatever a connection on its way out still says.
        if (status === this.status || (this.ended && status !== "closed")) return;
        this.status = status;
        this.notifyWaiters();
        this.watch?.(status);
    }
}
