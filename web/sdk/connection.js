/** One connection: opened, greeted, and its end said in our own words. What a WebSocket throws stops here. */

import { adviceFor } from "./backoff.js";
import { BussaError, ClosedError, NotContractError, TokenRefusedError } from "./errors.js";
import { SUBPROTOCOL, decode } from "./codec.js";

const SOCKET_PATH = "/v1/socket";
const SCHEMES = new Map([
    ["http:", "ws:"],
    ["https:", "wss:"],
    ["ws:", "ws:"],
    ["wss:", "wss:"],
]);

/** Seconds that a server may take for the handshake and its welcome together. */
export const WELCOME_SECONDS = 10;

/** A connection ended, or did not come about: what to do next. Never seen outside of the SDK. */
export class ConnectionLost extends BussaError {
    /**
     * @param {string} reason
     * @param {{advice?: import("./backoff.js").ReconnectAdvice, retryAfter?: number, finalError?: BussaError}} [more]
     *     `retryAfter` in seconds; `finalError`: what is thrown where there is no next try
     */
    constructor(reason, { advice = "backoff", retryAfter = 0, finalError = new ClosedError(null, reason) } = {}) {
        super(reason);
        this.advice = advice;
        this.retryAfter = retryAfter;
        this.finalError = finalError;
    }
}

/** @param {NotContractError} error */
const protocolViolation = (error) => new ConnectionLost(error.message, { advice: "never", finalError: error });

/**
 * The address of the socket of a server at `url` (http, https, ws or wss; a path before /v1 is kept).
 *
 * @param {string} url
 * @throws {TypeError} no such address
 */
export function socketUrl(url) {
    const parts = new URL(url);
    const scheme = SCHEMES.get(parts.protocol);
    if (!scheme) throw new TypeError(`${url} is no address of a server: http://…, https://…, ws://… or wss://… is`);
    const base = parts.pathname.replace(/\/+$/, "");
    return `${scheme}//${parts.host}${base.endsWith(SOCKET_PATH) ? base.slice(0, -SOCKET_PATH.length) : base}${SOCKET_PATH}`;
}

/**
 * What the end of a connection means. 1005 and 1006 are no close codes but the lack of one.
 *
 * @param {number} closeCode
 * @param {string} reason
 */
export function closeOutcome(closeCode, reason) {
    const code = closeCode === 1005 || closeCode === 1006 ? null : closeCode;
    if (code === null) return new ConnectionLost("the connection broke");
    const message = reason || "the server closed the connection";
    const finalError = code === 4401 ? new TokenRefusedError(code, message) : new ClosedError(code, message);
    return new ConnectionLost(message, { advice: adviceFor(code), finalError });
}

/** A socket from its handshake to its end. `ended` rejects with ConnectionLost, once, whoever ends it. */
export class Connection {
    /**
     * @param {typeof WebSocket} Socket
     * @param {string} url
     * @param {() => string} hello asked for the first frame once the socket is open
     * @param {{welcome: (frame: import("./frames.js").Welcome) => void,
     *     frame: (frame: ReturnType<typeof decode>) => void}} handlers
     */
    constructor(Socket, url, hello, handlers) {
        /** @private */ this.handlers = handlers;
        /** @private */ this.welcomed = false;
        /** @private */ this.closed = false;
        /** @private @type {(why: ConnectionLost) => void} */ this.reject = () => {};
        /** @type {Promise<never>} */
        this.ended = new Promise((_, reject) => (this.reject = reject));
        /** @private */ this.welcomeTimer = setTimeout(() => this.close(new ConnectionLost("no welcome in time")), WELCOME_SECONDS * 1e3);
        /** @private */ this.socket = new Socket(url, [SUBPROTOCOL]);
        this.socket.onopen = () => this.onOpen(hello);
        this.socket.onmessage = (event) => this.onMessage(event.data);
        this.socket.onclose = (event) => this.close(closeOutcome(event.code, event.reason));
        this.socket.onerror = () => {}; // A close always follows, and says as much.
    }

    /** @param {string} data */
    send(data) {
        if (!this.closed && this.socket.readyState === 1) this.socket.send(data);
    }

    /** @param {ConnectionLost} why end it from this side, or note that it has ended */
    close(why) {
        if (this.closed) return;
        this.closed = true;
        clearTimeout(this.welcomeTimer);
        this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
        this.socket.close();
        this.reject(why);
    }

    /** @private @param {() => string} hello */
    onOpen(hello) {
        if (this.socket.protocol !== SUBPROTOCOL) {
            this.close(protocolViolation(new NotContractError("the server did not choose the subprotocol that was offered")));
        } else {
            this.socket.send(hello());
        }
    }

    /** @private @param {unknown} data */
    onMessage(data) {
        try {
            const frame = decode(data);
            if (this.welcomed) this.handlers.frame(frame);
            else this.onFirstFrame(frame);
        } catch (error) {
            if (!(error instanceof NotContractError)) throw error;
            this.close(protocolViolation(error));
        }
    }

    /** @private @param {ReturnType<typeof decode>} frame */
    onFirstFrame(frame) {
        if (frame.type === "error") this.close(new ConnectionLost(frame.message, { retryAfter: frame.retry_after ?? 0 }));
        else if (frame.type !== "welcome") throw new NotContractError("the first frame was no welcome");
        else {
            this.welcomed = true;
            clearTimeout(this.welcomeTimer);
            this.handlers.welcome(frame);
        }
    }
}
