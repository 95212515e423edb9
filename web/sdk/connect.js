/** One connection: opened, greeted, and its end said in our own words. What a WebSocket throws stops here. */

import { advice } from "./backoff.js";
import { BussaError, ClosedError, NotContractError, TokenRefusedError } from "./errors.js";
import { SUBPROTOCOL, decode } from "./wire.js";

const PATH = "/v1/socket";
const SCHEMES = new Map([
    ["http:", "ws:"],
    ["https:", "wss:"],
    ["ws:", "ws:"],
    ["wss:", "wss:"],
]);

/** Seconds that a server may take for the handshake and its welcome together. */
export const WELCOME_SECONDS = 10;

/** A connection ended, or did not come about: what to do next. Never seen outside of the SDK. */
export class Lost extends BussaError {
    /**
     * @param {string} reason
     * @param {{then?: import("./backoff.js").Return, retryAfter?: number, final?: BussaError}} [more]
     *     `retryAfter` in seconds; `final`: what is thrown where there is no next try
     */
    constructor(reason, { then = "backoff", retryAfter = 0, final = new ClosedError(null, reason) } = {}) {
        super(reason);
        this.then = then;
        this.retryAfter = retryAfter;
        this.final = final;
    }
}

/** @param {NotContractError} error */
const stranger = (error) => new Lost(error.message, { then: "never", final: error });

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
    return `${scheme}//${parts.host}${base.endsWith(PATH) ? base.slice(0, -PATH.length) : base}${PATH}`;
}

/**
 * What the end of a connection means. 1005 and 1006 are no close codes but the lack of one.
 *
 * @param {number} given
 * @param {string} reason
 */
export function farewell(given, reason) {
    const code = given === 1005 || given === 1006 ? null : given;
    if (code === null) return new Lost("the connection broke");
    const said = reason || "the server closed the connection";
    const final = code === 4401 ? new TokenRefusedError(code, said) : new ClosedError(code, said);
    return new Lost(said, { then: advice(code), final });
}

/** A socket from its handshake to its end. `ended` rejects with Lost, once, whoever ends it. */
export class Connection {
    /**
     * @param {typeof WebSocket} Socket
     * @param {string} url
     * @param {() => string} hello asked for the first frame once the socket is open
     * @param {{welcome: (frame: import("./frames.js").Welcome) => void,
     *     frame: (frame: ReturnType<typeof decode>) => void}} told
     */
    constructor(Socket, url, hello, told) {
        /** @private */ this.told = told;
        /** @private */ this.welcomed = false;
        /** @private */ this.over = false;
        /** @private @type {(why: Lost) => void} */ this.reject = () => {};
        /** @type {Promise<never>} */
        this.ended = new Promise((_, reject) => (this.reject = reject));
        /** @private */ this.patience = setTimeout(() => this.end(new Lost("no welcome in time")), WELCOME_SECONDS * 1e3);
        /** @private */ this.socket = new Socket(url, [SUBPROTOCOL]);
        this.socket.onopen = () => this.opened(hello);
        this.socket.onmessage = (event) => this.received(event.data);
        this.socket.onclose = (event) => this.end(farewell(event.code, event.reason));
        this.socket.onerror = () => {}; // A close always follows, and says as much.
    }

    /** @param {string} data */
    send(data) {
        if (!this.over && this.socket.readyState === 1) this.socket.send(data);
    }

    /** @param {Lost} why end it from this side, or note that it has ended */
    end(why) {
        if (this.over) return;
        this.over = true;
        clearTimeout(this.patience);
        this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
        this.socket.close();
        this.reject(why);
    }

    /** @private @param {() => string} hello */
    opened(hello) {
        if (this.socket.protocol !== SUBPROTOCOL) {
            this.end(stranger(new NotContractError("the server did not choose the subprotocol that was offered")));
        } else {
            this.socket.send(hello());
        }
    }

    /** @private @param {unknown} data */
    received(data) {
        try {
            const frame = decode(data);
            if (this.welcomed) this.told.frame(frame);
            else this.greeted(frame);
        } catch (error) {
            if (!(error instanceof NotContractError)) throw error;
            this.end(stranger(error));
        }
    }

    /** @private @param {ReturnType<typeof decode>} frame */
    greeted(frame) {
        if (frame.type === "error") this.end(new Lost(frame.message, { retryAfter: frame.retry_after ?? 0 }));
        else if (frame.type !== "welcome") throw new NotContractError("the first frame was no welcome");
        else {
            this.welcomed = true;
            clearTimeout(this.patience);
            this.told.welcome(frame);
        }
    }
}
