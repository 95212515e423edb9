/**
 * The WebSocket URL of the server at `url` (http, https, ws or wss; a path prefix before /v1 is kept).
 *
 * @param {string} url
 * @throws {TypeError} not such a URL
 */
export function socketUrl(url: string): string;
/**
 * What a close event means. 1005 and 1006 stand for the absence of a close code.
 *
 * @param {number} closeCode
 * @param {string} reason
 */
export function closeOutcome(closeCode: number, reason: string): ConnectionLost;
/** Time-out of the handshake and the welcome together. */
export const WELCOME_SECONDS: 10;
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
    constructor(reason: string, { advice, retryAfter, finalError }?: {
        advice?: import("./backoff.js").ReconnectAdvice;
        retryAfter?: number;
        finalError?: BussaError;
    });
    advice: import("./frames.js").ReconnectAdvice;
    retryAfter: number;
    finalError: BussaError;
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
    constructor(Socket: SocketConstructor, url: string, hello: () => string, handlers: {
        welcome: (frame: import("./frames.js").WelcomeReply) => void;
        frame: (frame: ReturnType<typeof decode>) => void;
    });
    /** @private */ private handlers;
    /** @private */ private welcomed;
    /** @private */ private closed;
    /** @private @type {(why: ConnectionLost) => void} */ private reject;
    /** @type {Promise<never>} */
    ended: Promise<never>;
    /** @private */ private welcomeTimer;
    /** @private */ private socket;
    /** @param {string} data */
    send(data: string): void;
    /** Close from this side, or record that it was closed. @param {ConnectionLost} why */
    close(why: ConnectionLost): void;
    /** @private @param {() => string} hello */
    private onOpen;
    /** @private @param {unknown} data */
    private onMessage;
    /** @private @param {ReturnType<typeof decode>} frame */
    private onFirstFrame;
}
/**
 * What the SDK needs of a WebSocket: the browser's has it, as do those of Node and of the package `ws`.
 */
export type Socket = {
    readyState: number;
    protocol: string;
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
    onerror: ((event: any) => void) | null;
    send: (data: string) => void;
    close: () => void;
};
/**
 * What the SDK needs of a WebSocket: the browser's has it, as do those of Node and of the package `ws`.
 */
export type SocketConstructor = new (url: string, protocols: string[]) => Socket;
import { BussaError } from "./errors.js";
import { decode } from "./codec.js";
