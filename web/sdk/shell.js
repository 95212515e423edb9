/** The shell around the state: the waiting callers, the reader of events, the beginning and the end. */

import { Backoff } from "./backoff.js";
import { socketUrl } from "./connect.js";
import { BussaError, ClosedError, UnreachableError } from "./errors.js";
import { Feed, QUEUE } from "./feed.js";
import { Life, clock } from "./life.js";
import { State } from "./state.js";
import { Tokens } from "./tokens.js";

/** Requests that may wait for their answer; a further caller waits for room. */
export const PENDING = 1024;
/** How long a clean close waits for answers that are still to come. */
const DRAIN_SECONDS = 5;
const BY_THIS_SIDE = "closed by this side";

/**
 * @typedef {object} Options
 * @property {import("./feed.js").Cursor | null} [resume] a `cursor` saved earlier, to go on from there
 * @property {number} [patience] seconds that a call rides out broken connections, and a `send` also outages and
 *     limits, before it is given up (30)
 * @property {boolean} [listen] false for a program that only asks: events are passed over instead of kept
 * @property {number} [queue] events that may wait for the reader of `events()`; more of them wait on the server
 * @property {Backoff} [backoff] how long to wait between connections
 * @property {(status: import("./life.js").Status) => void} [watch] told of every change of `status`
 * @property {any} [WebSocket] the constructor, where there is no global one
 */

/** What stays up while connections come and go. `Bussa` gives it the calls of the contract. */
export class Shell {
    /**
     * Nothing happens before `open`.
     *
     * @param {string} url where the server is: http(s)://… or ws(s)://…
     * @param {import("./tokens.js").Source} token the token, or an async function that gives one; it is called
     *     again whenever one was refused
     * @param {Options} [options]
     * @throws {TypeError} `url` is no address of a server
     */
    constructor(url, token, options = {}) {
        const { patience = 30, resume = null, queue = QUEUE, listen = true, backoff = new Backoff() } = options;
        /** @private */ this.patience = patience;
        /** @private */ this.watch = options.watch;
        /** @protected */ this.tokens = new Tokens(token);
        /** @protected */
        this.state = new State({ resume, feed: new Feed(queue, listen), backoff, chance: Math.random });
        /** @private */
        this.life = new Life({
            url: socketUrl(url),
            Socket: options.WebSocket ?? globalThis.WebSocket,
            tokens: this.tokens,
            state: this.state,
            backoff,
            stir: () => this.stir(),
            tell: (status) => this.tell(status),
        });
        /** @type {import("./life.js").Status} whether there is a connection right now */
        this.status = "connecting";
        /** @type {BussaError | null} why it is closed */
        this.ended = null;
        /** @private @type {Map<number, {resolve: (reply: any) => void, reject: (error: BussaError) => void}>} */
        this.callers = new Map();
        /** @private @type {(() => void)[]} who waits for room */ this.queue = [];
        /** @private @type {(() => void)[]} who waits for a change */ this.waiters = [];
        /** @private */ this.closing = false;
        /** @private */ this.begun = false;
    }

    // ---- what it is

    /** Who this is, as the server said; empty before the first connection. */
    get user() {
        return this.state.user ?? "";
    }

    /** Place of the last event read from `events()`: save it, and give it as `resume` another time. */
    get cursor() {
        return this.state.feed.cursor;
    }

    /** What was passed over, and how often. */
    get counters() {
        return this.state.counters;
    }

    /** How the last try to connect ended, for people. */
    get why() {
        return this.life.why;
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
        if (this.begun) throw new TypeError("it has been opened before; make another one");
        this.begun = true;
        this.life.run().then((why) => this.finish(why));
        const late = () => this.end(new UnreachableError(`no connection within ${patience} s: ${this.life.why}`));
        const timer = patience === Infinity ? undefined : setTimeout(late, patience * 1e3);
        while (this.status === "connecting") await this.change();
        clearTimeout(timer);
        if (this.ended) throw this.ended;
        return this;
    }

    /** Close, after answers that are still to come have come (at most five seconds). */
    async close() {
        this.closing = true;
        const patience = clock() + DRAIN_SECONDS;
        const timer = setTimeout(() => this.wakeWaiters(), DRAIN_SECONDS * 1e3);
        while (this.status === "live" && this.callers.size > 0 && clock() < patience) await this.change();
        clearTimeout(timer);
        this.end(new ClosedError(null, BY_THIS_SIDE));
    }

    /** The device woke up, or its network came back: do not wait any longer, and see whether all is well. */
    wake() {
        if (this.begun && !this.ended) this.life.wake();
    }

    /** @private @param {BussaError} error */
    end(error) {
        this.finish(error);
        this.life.stop(error);
    }

    /** @private @param {BussaError} error */
    finish(error) {
        if (this.ended) return;
        this.ended = error;
        this.state.asks.fail(error);
        this.stir();
        this.tell("closed");
    }

    // ---- a call, an event

    /**
     * The reply to a request without an id. The methods of `Bussa` are the typed way.
     *
     * @param {{type: string, [field: string]: unknown}} wanted
     * @param {number} [patience] seconds
     * @returns {Promise<any>}
     */
    async ask(wanted, patience = this.patience) {
        const deadline = clock() + patience;
        while (this.callers.size >= PENDING && !this.ended) {
            await new Promise((resolve) => this.queue.push(() => resolve(undefined)));
        }
        if (!this.begun) throw new ClosedError(null, "not open: call `open()` first");
        if (this.ended || this.closing) throw this.ended ?? new ClosedError(null, BY_THIS_SIDE);
        const id = this.state.ask(wanted, deadline);
        const reply = new Promise((resolve, reject) => this.callers.set(id, { resolve, reject }));
        this.stir();
        return reply;
    }

    /**
     * What happens to the user from now on, each entry of the log once and in order.
     *
     * Own requests give no event: their answer tells. A `reset` says that the conversations have to be read anew.
     * Read by one loop only; it ends after `close`, and throws what ended the connection otherwise.
     *
     * @returns {AsyncGenerator<import("./feed.js").Notice, void, void>}
     */
    async *events() {
        for (;;) {
            const notice = this.state.take(clock());
            if (notice !== null) {
                if (this.state.log.behind) this.life.flush();
                yield notice;
            } else if (this.ended) {
                if (this.ended instanceof ClosedError && this.ended.reason === BY_THIS_SIDE) return;
                throw this.ended;
            } else {
                await this.change();
            }
        }
    }

    /** Something happened: settle callers, write, wake whoever waits. @protected */
    stir() {
        for (const { id, outcome } of this.state.asks.settled.splice(0)) {
            const caller = this.callers.get(id);
            this.callers.delete(id);
            if (outcome instanceof BussaError) caller?.reject(outcome);
            else caller?.resolve(outcome);
        }
        for (const room of this.queue.splice(0, this.ended ? undefined : PENDING - this.callers.size)) room();
        if (!this.ended) this.life.flush();
        this.wakeWaiters();
    }

    /** @private @returns {Promise<void>} */
    change() {
        return new Promise((resolve) => this.waiters.push(resolve));
    }

    /** @private */
    wakeWaiters() {
        for (const wake of this.waiters.splice(0)) wake();
    }

    /** @private @param {import("./life.js").Status} status */
    tell(status) {
        // Once it is over it stays so, whatever a connection on its way out still says.
        if (status === this.status || (this.ended && status !== "closed")) return;
        this.status = status;
        this.wakeWaiters();
        this.watch?.(status);
    }
}
