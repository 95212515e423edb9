/** Pending requests at a time; further callers wait for room. */
export const MAX_PENDING: 1024;
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
    constructor(url: string, token: import("./tokens.js").TokenSource, options?: Options);
    /** @private */ private patience;
    /** @private */ private watch;
    /** @protected */ protected tokens: Tokens;
    /** @protected */
    protected state: State;
    /** @private */
    private loop;
    /** @type {import("./reconnect-loop.js").Status} */
    status: import("./reconnect-loop.js").Status;
    /** @type {BussaError | null} why it is closed */
    ended: BussaError | null;
    /** @private @type {Map<number, {resolve: (reply: any) => void, reject: (error: BussaError) => void}>} */
    private callers;
    /** @private @type {(() => void)[]} callers beyond MAX_PENDING */ private waitingForRoom;
    /** @private @type {(() => void)[]} callers of `nextChange` */ private waitingForChange;
    /** @private */ private closing;
    /** @private */ private opened;
    /** The user id, from the server; empty before the first connection. */
    get user(): string;
    /** The position of the last event read from `events()`. Save it, and pass it as `resume` later. */
    get cursor(): import("./event-queue.js").Cursor | null;
    /** Counts of frames that were ignored, and of gap recoveries and resets. */
    get counters(): {
        unknownFrames: number;
        unsolicitedReplies: number;
        ephemeralDropped: number;
        catchUps: number;
        resets: number;
    };
    /** Why the last connection attempt failed, human-readable. */
    get why(): string;
    /**
     * Connect; resolves with the first connection.
     *
     * @param {number} [patience] time-out in seconds; Infinity: none
     * @returns {Promise<this>}
     * @throws {UnreachableError} no connection in time
     * @throws {ConnectionClosedError} rejected for good; TokenRefusedError: invalid token
     * @throws {import("./errors.js").ProtocolError} not a Bussa server
     */
    open(patience?: number): Promise<this>;
    /** Wait for outstanding replies (at most five seconds), then close. */
    close(): Promise<void>;
    /** The device woke up or its network is back: reconnect at once, or probe the connection. */
    wake(): void;
    /** @private @param {BussaError} error */
    private end;
    /** @private @param {BussaError} error */
    private finish;
    /**
     * Make a request, given without its id. The methods of `Client` are the typed form.
     *
     * @template {string} T
     * @param {import("./codec.js").RequestWithoutId<T>} wanted
     * @param {number} [patience] seconds
     * @returns {Promise<import("./codec.js").ReplyTo<T>>}
     */
    request<T extends string>(wanted: import("./codec.js").RequestWithoutId<T>, patience?: number): Promise<import("./codec.js").ReplyTo<T>>;
    /**
     * The events of the user's log from now on, each once and in order.
     *
     * Own requests cause no event; their reply tells. After a `reset`, reload the conversations. For one reader only.
     * It returns after `close`, and throws `ended` otherwise.
     *
     * @returns {AsyncGenerator<import("./event-queue.js").Notice, void, void>}
     */
    events(): AsyncGenerator<import("./event-queue.js").Notice, void, void>;
    /** Settle callers, write what is queued, and wake the waiting ones. @protected */
    protected pump(): void;
    /** @private @returns {Promise<void>} */
    private nextChange;
    /** @private */
    private notifyWaiters;
    /** @private @param {import("./reconnect-loop.js").Status} status */
    private setStatus;
}
export type Options = {
    /**
     * a saved `cursor` to resume from
     */
    resume?: import("./event-queue.js").Cursor | null | undefined;
    /**
     * time-out of a call in seconds, across reconnects and, for a `send`, across outages and
     * rate limits (30)
     */
    patience?: number | undefined;
    /**
     * false: drop events, for a program that only makes requests
     */
    listen?: boolean | undefined;
    /**
     * unread events to buffer; further ones stay on the server
     */
    queue?: number | undefined;
    /**
     * delays between connection attempts
     */
    backoff?: Backoff | undefined;
    /**
     * called on every change of `status`
     */
    watch?: ((status: import("./reconnect-loop.js").Status) => void) | undefined;
    /**
     * a constructor, where there is no global one
     */
    WebSocket?: import("./connection.js").SocketConstructor | undefined;
};
import { Tokens } from "./tokens.js";
import { State } from "./state.js";
import { BussaError } from "./errors.js";
import { Backoff } from "./backoff.js";
