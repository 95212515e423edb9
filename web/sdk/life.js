/**
 * The connections, one after the other: token, socket, and how long to wait before the next.
 *
 * A page can't see the pings of the WebSocket, so silence is broken by a `ping` of the contract: a network that is
 * gone without a word is noticed within two times `ALIVE_SECONDS`, and at once after `wake`.
 */

import { Connection, Lost } from "./connect.js";
import { BussaError, ClosedError } from "./errors.js";

/** Silence after which a ping is sent, and how long anything may take to come. */
export const ALIVE_SECONDS = 20;
/** The same for a device that has just woken up: people look at it now. */
export const WAKE_SECONDS = 4;
/** The longest that a browser's timer can be told to wait. */
const TIMER_MAX = 2 ** 31 - 1;

/** @typedef {"connecting" | "live" | "closed"} Status */

export const clock = () => performance.now() / 1000;

/** What goes on in the background while a client is open. */
export class Life {
    /**
     * @param {{url: string, Socket: typeof WebSocket, tokens: import("./tokens.js").Tokens,
     *     state: import("./state.js").State, backoff: import("./backoff.js").Backoff,
     *     stir: () => void, tell: (status: Status) => void}} parts
     */
    constructor({ url, Socket, tokens, state, backoff, stir, tell }) {
        /** How the last try ended, for people. */
        this.why = "no try yet";
        /** @private */ this.parts = { url, Socket, tokens, state, backoff, stir, tell };
        /** @private @type {Connection | null} */ this.connection = null;
        /** @private */ this.liveSince = Infinity;
        /** @private @type {ReturnType<typeof setTimeout> | undefined} */ this.timer = undefined;
        /** @private @type {ReturnType<typeof setTimeout> | undefined} */ this.alive = undefined;
        /** @private @type {(() => void) | null} cuts a wait short */ this.hurry = null;
        /** @private @type {BussaError | null} */ this.over = null;
    }

    /**
     * Live until there is no next connection, and return why. Whatever goes wrong in here is returned, not lost.
     *
     * @returns {Promise<BussaError>}
     */
    async run() {
        const { state, tokens, backoff, tell, stir } = this.parts;
        for (let attempt = 0; ; attempt += 1) {
            this.liveSince = Infinity;
            try {
                await this.connect();
            } catch (error) {
                state.lost();
                clearTimeout(this.alive);
                this.connection = null;
                if (this.over) return this.over;
                if (!(error instanceof Lost)) return ours(error);
                this.why = error.message;
                if (error.then === "never" || (error.then === "new_token" && !tokens.refused())) return error.final;
                if (clock() - this.liveSince >= backoff.steady) attempt = 0;
                tell("connecting");
                stir();
                await this.wait(Math.max(error.retryAfter, backoff.wait(error.then, attempt, Math.random())));
                if (this.over) return this.over;
            }
        }
    }

    /** @param {BussaError} why end it from this side */
    stop(why) {
        this.over = why;
        clearTimeout(this.timer);
        this.hurry?.();
        this.connection?.end(new Lost(why.message));
    }

    /** The device woke up, or its network came back: try at once, or see whether the connection still lives. */
    wake() {
        this.hurry?.();
        if (this.parts.state.live) this.probe(WAKE_SECONDS);
    }

    /** Write what is to be written, and set the timer for what is due. */
    flush() {
        const { state } = this.parts;
        for (let data = state.next(); data !== null; data = state.next()) this.connection?.send(data);
        clearTimeout(this.timer);
        const due = state.timer();
        if (due !== Infinity && !this.over) {
            this.timer = setTimeout(() => this.tick(), Math.min(TIMER_MAX, Math.max(0, (due - clock()) * 1e3)));
        }
    }

    /** @private */
    tick() {
        this.parts.state.tick(clock());
        this.parts.stir();
    }

    /** @private */
    async connect() {
        const { url, Socket, tokens, state, tell, stir } = this.parts;
        const token = await tokens.get();
        if (this.over) throw new Lost("stopped");
        this.connection = new Connection(Socket, url, () => state.hello(token), {
            welcome: (frame) => {
                tokens.accepted();
                this.liveSince = clock();
                state.welcome(frame, this.liveSince);
                this.heard();
                tell("live");
                stir();
            },
            frame: (frame) => {
                this.heard();
                state.receive(frame, clock());
                stir();
                if (state.broken) this.connection?.end(new Lost("the log could not be healed here"));
            },
        });
        await this.connection.ended;
    }

    /** @private */
    heard() {
        clearTimeout(this.alive);
        this.alive = setTimeout(() => this.probe(ALIVE_SECONDS), ALIVE_SECONDS * 1e3);
    }

    /** @private @param {number} seconds */
    probe(seconds) {
        const { connection } = this;
        clearTimeout(this.alive);
        this.alive = setTimeout(() => connection?.end(new Lost("the connection has gone silent")), seconds * 1e3);
        this.parts.state.asks.ask({ type: "ping" }, clock() + seconds);
        this.flush();
    }

    /** @private @param {number} seconds @returns {Promise<void>} */
    wait(seconds) {
        return new Promise((resolve) => {
            const done = () => {
                clearTimeout(timer);
                this.hurry = null;
                resolve();
            };
            const timer = setTimeout(done, seconds * 1e3);
            this.hurry = done;
        });
    }
}

/** An error of ours; anything else (the application's own, or a mistake in here) becomes its cause. @param {unknown} error */
function ours(error) {
    if (error instanceof BussaError) return error;
    const wrapped = new ClosedError(null, `an error on this side: ${error}`);
    wrapped.cause = error;
    return wrapped;
}
