/**
 * Connects, and reconnects with backoff.
 *
 * A browser does not expose WebSocket pings, so an idle connection is probed by a `ping` request. A dead network is
 * noticed within two times `KEEPALIVE_SECONDS`, and within `WAKE_PROBE_SECONDS` after `wake`.
 */

import { Connection, ConnectionLostError } from "./connection.js";
import { BussaError, ConnectionClosedError } from "./errors.js";

/** Idle time before a ping, and the time-out of its reply. */
export const KEEPALIVE_SECONDS = 20;
/** The time-out after the device woke up: its user is looking at it. */
export const WAKE_PROBE_SECONDS = 4;
/** The largest delay of setTimeout; a larger one fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** @typedef {"connecting" | "connected" | "closed"} ConnectionStatus */

export const clock = () => performance.now() / 1000;

/** The background task of an open client. */
export class ReconnectLoop {
    /**
     * @param {{url: string, Socket: import("./connection.js").SocketConstructor, tokens: import("./tokens.js").Tokens,
     *     state: import("./state.js").State, backoff: import("./backoff.js").Backoff,
     *     pump: () => void, onStatus: (status: ConnectionStatus) => void}} parts
     */
    constructor({ url, Socket, tokens, state, backoff, pump, onStatus }) {
        /** Why the last attempt failed, human-readable. */
        this.lastFailure = "not connected yet";
        /** @private */ this.parts = { url, Socket, tokens, state, backoff, pump, onStatus };
        /** @private @type {Connection | null} */ this.connection = null;
        /** @private */ this.connectedSince = Infinity;
        /** @private @type {ReturnType<typeof setTimeout> | undefined} */ this.timer = undefined;
        /** @private @type {ReturnType<typeof setTimeout> | undefined} */ this.keepalive = undefined;
        /** @private @type {(() => void) | null} ends the current wait */ this.cancelWait = null;
        /** @private @type {BussaError | null} */ this.stopReason = null;
    }

    /**
     * Run until there is no next connection, and return why. Never rejects.
     *
     * @returns {Promise<BussaError>}
     */
    async run() {
        const { state, tokens, backoff, onStatus, pump } = this.parts;
        for (let attempt = 0; ; attempt += 1) {
            this.connectedSince = Infinity;
            try {
                await this.connect();
            } catch (error) {
                state.disconnected();
                clearTimeout(this.keepalive);
                this.connection = null;
                if (this.stopReason) return this.stopReason;
                if (!(error instanceof ConnectionLostError)) return asBussaError(error);
                this.lastFailure = error.message;
                const { advice, finalError, retryAfter } = error;
                if (advice === "never" || (advice === "new_token" && !tokens.refused())) return finalError;
                if (clock() - this.connectedSince >= backoff.resetAfter) attempt = 0;
                onStatus("connecting");
                pump();
                await this.wait(Math.max(retryAfter, backoff.delay(advice, attempt, Math.random())));
                if (this.stopReason) return this.stopReason;
            }
        }
    }

    /** Stop from this side. @param {BussaError} why */
    stop(why) {
        this.stopReason = why;
        clearTimeout(this.timer);
        this.cancelWait?.();
        this.connection?.close(new ConnectionLostError(why.message));
    }

    /** The device woke up or its network is back: reconnect at once, or probe the connection. */
    wake() {
        this.cancelWait?.();
        if (this.parts.state.connected) this.probe(WAKE_PROBE_SECONDS);
    }

    /** Write what is queued, and set the timer. */
    flush() {
        const { state } = this.parts;
        for (let data = state.next(); data !== null; data = state.next()) this.connection?.send(data);
        clearTimeout(this.timer);
        const due = state.nextTimer();
        if (due !== Infinity && !this.stopReason) {
            const delay = Math.max(0, (due - clock()) * 1e3);
            this.timer = setTimeout(() => this.runTimers(), Math.min(MAX_TIMEOUT_MS, delay));
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
        if (this.stopReason) throw new ConnectionLostError("stopped");
        this.connection = new Connection(Socket, url, () => state.hello(token), {
            welcome: (frame) => {
                tokens.accepted();
                this.connectedSince = clock();
                state.welcome(frame, this.connectedSince);
                this.resetKeepalive();
                onStatus("connected");
                pump();
            },
            frame: (frame) => {
                this.resetKeepalive();
                state.receive(frame, clock());
                pump();
                if (!state.broken) return;
                this.connection?.close(new ConnectionLostError("gap recovery failed on this connection"));
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
        const late = () => connection?.close(new ConnectionLostError("no reply to a ping"));
        this.keepalive = setTimeout(late, seconds * 1e3);
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

/** Wraps what is not ours (a bug, or an error of an application's callback) as `cause`. @param {unknown} error */
function asBussaError(error) {
    if (error instanceof BussaError) return error;
    const wrapped = new ConnectionClosedError(null, `internal error: ${error}`);
    wrapped.cause = error;
    return wrapped;
}
