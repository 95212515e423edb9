/**
 * The connections, one after the other: token, socket, and how long to wait before the next.
 *
 * A page can't see the pings of the WebSocket, so silence is broken by a `ping` of the contract: a network that is
 * gone without a word is noticed within two times `KEEPALIVE_SECONDS`, and at once after `wake`.
 */

import { Connection, ConnectionLost } from "./connection.js";
import { BussaError, ClosedError } from "./errors.js";

/** Silence after which a ping is sent, and how long anything may take to come. */
export const KEEPALIVE_SECONDS = 20;
/** The same for a device that has just woken up: people look at it now. */
export const WAKE_PROBE_SECONDS = 4;
/** The longest that a browser's timer can be told to wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** @typedef {"connecting" | "live" | "closed"} Status */

export const clock = () => performance.now() / 1000;

/** What goes on in the background while a client is open. */
export class ReconnectLoop {
    /**
     * @param {{url: string, Socket: typeof WebSocket, tokens: import("./tokens.js").Tokens,
     *     state: import("./state.js").State, backoff: import("./backoff.js").Backoff,
     *     pump: () => void, onStatus: (status: Status) => void}} parts
     */
    constructor({ url, Socket, tokens, state, backoff, pump, onStatus }) {
        /** How the last try ended, for people. */
        this.why = "no try yet";
        /** @private */ this.parts = { url, Socket, tokens, state, backoff, pump, onStatus };
        /** @private @type {Connection | null} */ this.connection = null;
        /** @private */ this.liveSince = Infinity;
        /** @private @type {ReturnType<typeof setTimeout> | undefined} */ this.timer = undefined;
        /** @private @type {ReturnType<typeof setTimeout> | undefined} */ this.keepalive = undefined;
        /** @private @type {(() => void) | null} cuts a wait short */ this.cancelWait = null;
        /** @private @type {BussaError | null} */ this.stopReason = null;
    }

    /**
     * Live until there is no next connection, and return why. Whatever goes wrong in here is returned, not lost.
     *
     * @returns {Promise<BussaError>}
     */
    async run() {
        const { state, tokens, backoff, onStatus, pump } = this.parts;
        for (let attempt = 0; ; attempt += 1) {
            this.liveSince = Infinity;
            try {
                await this.connect();
            } catch (error) {
                state.disconnected();
                clearTimeout(this.keepalive);
                this.connection = null;
                if (this.stopReason) return this.stopReason;
                if (!(error instanceof ConnectionLost)) return asBussaError(error);
                this.why = error.message;
                if (error.advice === "never" || (error.advice === "new_token" && !tokens.refused())) return error.finalError;
                if (clock() - this.liveSince >= backoff.steady) attempt = 0;
                onStatus("connecting");
                pump();
                await this.wait(Math.max(error.retryAfter, backoff.delay(error.advice, attempt, Math.random())));
                if (this.stopReason) return this.stopReason;
            }
        }
    }

    /** @param {BussaError} why end it from this side */
    stop(why) {
        this.stopReason = why;
        clearTimeout(this.timer);
        this.cancelWait?.();
        this.connection?.close(new ConnectionLost(why.message));
    }

    /** The device woke up, or its network came back: try at once, or see whether the connection still lives. */
    wake() {
        this.cancelWait?.();
        if (this.parts.state.live) this.probe(WAKE_PROBE_SECONDS);
    }

    /** Write what is to be written, and set the timer for what is due. */
    flush() {
        const { state } = this.parts;
        for (let data = state.next(); data !== null; data = state.next()) this.connection?.send(data);
        clearTimeout(this.timer);
        const due = state.nextTimer();
        if (due !== Infinity && !this.stopReason) {
            this.timer = setTimeout(() => this.runTimers(), Math.min(MAX_TIMEOUT_MS, Math.max(0, (due - clock()) * 1e3)));
        }
    }

    /** @private */
    runTimers() {
        this.parts.state.tick(clock());
        this.parts.pump();
    }

    /** @private */
    async connect() {
        const { url, Socket, tokens, state, onStatus, pump } = this.parts;
        const token = await tokens.get();
        if (this.stopReason) throw new ConnectionLost("stopped");
        this.connection = new Connection(Socket, url, () => state.hello(token), {
            welcome: (frame) => {
                tokens.accepted();
                this.liveSince = clock();
                state.welcome(frame, this.liveSince);
                this.resetKeepalive();
                onStatus("live");
                pump();
            },
            frame: (frame) => {
                this.resetKeepalive();
                state.receive(frame, clock());
                pump();
                if (state.broken) this.connection?.close(new ConnectionLost("gap recovery failed on this connection"));
            },
        });
        await this.connection.ended;
    }

    /** @private */
    resetKeepalive() {
        clearTimeout(this.keepalive);
        this.keepalive = setTimeout(() => this.probe(KEEPALIVE_SECONDS), KEEPALIVE_SECONDS * 1e3);
    }

    /** @private @param {number} seconds */
    probe(seconds) {
        const { connection } = this;
        clearTimeout(this.keepalive);
        this.keepalive = setTimeout(() => connection?.close(new ConnectionLost("the connection has gone silent")), seconds * 1e3);
        this.parts.state.requests.add({ type: "ping" }, clock() + seconds);
        this.flush();
    }

    /** @private @param {number} seconds @returns {Promise<void>} */
    wait(seconds) {
        return new Promise((resolve) => {
            const done = () => {
                clearTimeout(timer);
                this.cancelWait = null;
                resolve();
            };
            const timer = setTimeout(done, seconds * 1e3);
            this.cancelWait = done;
        });
    }
}

/** An error of asBussaError; anything else (the application's own, or a mistake in here) becomes its cause. @param {unknown} error */
function asBussaError(error) {
    if (error instanceof BussaError) return error;
    const wrapped = new ClosedError(null, `an error on this side: ${error}`);
    wrapped.cause = error;
    return wrapped;
}
