/** One WebSocket connection, from its handshake to its close. Its errors are mapped to ours here. */

import { adviceFor } from "./backoff.js";
import { BussaError, ConnectionClosedError, ProtocolError, TokenRefusedError } from "./errors.js";
import { decode } from "./codec.js";
import { SUBPROTOCOL } from "./frames.js";

const SOCKET_PATH = "/v1/socket";
const SCHEMES = new Map([
    ["http:", "ws:"],
    ["https:", "wss:"],
    ["ws:", "ws:"],
    ["wss:", "wss:"],
]);

/** Time-out of the handshake and the welcome together. */
export const WELCOME_SECONDS = 10;

/**
 * What the SDK needs of a WebSocket: the browser's has it, as do those of Node and of the package `ws`.
 *
 * @typedef {object} Socket
 * @property {number} readyState
 * @property {string} protocol
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 * @property {(data: string) => void} send
 * @property {() => void} close
 * @typedef {new (url: string, protocols: string[]) => Socket} SocketConstructor
 */

/** A connection was closed, or could not be opened. Internal to the SDK. */
export class ConnectionLost extends BussaError {
    /**
     * @param {string} reason
     * @param {{advice?: import("./backoff.js").ReconnectAdvice, retryAfter?: number, finalError?: BussaError}} [more]
     *     `retryAfter` in seconds; `finalError`: what the caller gets if there is no retry
     */
    constructor(reason, { advice = "backoff", retryAfter = 0, finalError = new ConnectionClosedError(null, reason) } = {}) {
        super(reason);
        this.advice = advice;
        this.retryAfter = retryAfter;
        this.finalError = finalError;
    }
}

/** @param {ProtocolError} error */
const protocolViolation = (error) => new ConnectionLost(error.message, { advice: "never", finalError: error });

/**
 * The WebSocket URL of the server at `url` (http, https, ws or wss; a path prefix before /v1 is kept).
 *
 * @param {string} url
 * @throws {TypeError} not such a URL
 */
export function socketUrl(url) {
    const parts = new URL(url);
    const scheme = SCHEMES.get(parts.protocol);
    if (!scheme) throw new TypeError(`invalid server URL ${url}: expected http(s):// or ws(s)://`);
    const base = parts.pathname.replace(/\/+$/, "");
    return `${scheme}//${parts.host}${base.endsWith(SOCKET_PATH) ? base : base + SOCKET_PATH}`;
}

/**
 * What a close event means. 1005 and 1006 stand for the absence of a close code.
 *
 * @param {number} closeCode
 * @param {string} reason
 */
export function closeOutcome(closeCode, reason) {
    const code = closeCode === 1005 || closeCode === 1006 ? null : closeCode;
    if (code === null) return new ConnectionLost("the connection was lost");
    const message = reason || "the server closed the connection";
    const advice = adviceFor(code);
    const Refused = advice === "new_token" ? TokenRefusedError : ConnectionClosedError;
    return new ConnectionLost(message, { advice, finalError: new Refused(code, message) });
}

/** `ended` rejects with ConnectionLost once, whichever side closes. */
export class Connection {
    /**
     * @param {SocketConstructor} Socket
     * @param {string} url
     * @param {() => string} hello makes the first frame, once the socket is open
     * @param {{welcome: (frame: import("./frames.js").WelcomeReply) => void,
     *     frame: (frame: ReturnType<typeof decode>) => void}} handlers
     */
    constructor(Socket, url, hello, handlers) {
        /** @private */ this.handlers = handlers;
        /** @private */ this.welcomed = false;
        /** @private */ this.closed = false;
        /** @private @type {(why: ConnectionLost) => void} */ this.reject = () => {};
        /** @type {Promise<never>} */
        this.ended = new Promise((_, reject) => (this.reject = reject));
        const late = () => this.close(new ConnectionLost("no welcome in time"));
        /** @private */ this.welcomeTimer = setTimeout(late, WELCOME_SECONDS * 1e3);
        /** @private */ this.socket = new Socket(url, [SUBPROTOCOL]);
        this.socket.onopen = () => this.onOpen(hello);
        this.socket.onmessage = (event) => this.onMessage(event.data);
        this.socket.onclose = (event) => this.close(closeOutcome(event.code, event.reason));
        this.socket.onerror = () => {}; // A close event always follows.
    }

    /** @param {string} data */
    send(data) {
        if (!this.closed && this.socket.readyState === 1) this.socket.send(data);
    }

    /** Close from this side, or record that it was closed. @param {ConnectionLost} why */
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
            this.close(protocolViolation(new ProtocolError("the server did not accept the subprotocol")));
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
            if (!(error instanceof ProtocolError)) throw error;
            this.close(protocolViolation(error));
        }
    }

    /** @private @param {ReturnType<typeof decode>} frame */
    onFirstFrame(frame) {
        if (frame.type === "error") this.close(new ConnectionLost(frame.message, { retryAfter: frame.retry_after ?? 0 }));
        else if (frame.type !== "welcome") throw new ProtocolError("the first frame was not a welcome");
        else {
            this.welcomed = true;
            clearTimeout(this.welcomeTimer);
            this.handlers.welcome(frame);
        }
    }
}
