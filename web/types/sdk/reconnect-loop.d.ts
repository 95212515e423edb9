/** Idle time before a ping, and the time-out of its reply. */
export const KEEPALIVE_SECONDS: 20;
/** The time-out after the device woke up: its user is looking at it. */
export const WAKE_PROBE_SECONDS: 4;
export function clock(): number;
/** The background task of an open client. */
export class ReconnectLoop {
    /**
     * @param {{url: string, Socket: import("./connection.js").SocketConstructor, tokens: import("./tokens.js").Tokens,
     *     state: import("./state.js").State, backoff: import("./backoff.js").Backoff,
     *     pump: () => void, onStatus: (status: ConnectionStatus) => void}} parts
     */
    constructor({ url, Socket, tokens, state, backoff, pump, onStatus }: {
        url: string;
        Socket: import("./connection.js").SocketConstructor;
        tokens: import("./tokens.js").Tokens;
        state: import("./state.js").State;
        backoff: import("./backoff.js").Backoff;
        pump: () => void;
        onStatus: (status: ConnectionStatus) => void;
    });
    /** Why the last attempt failed, human-readable. */
    lastFailure: string;
    /** @private */ private parts;
    /** @private @type {Connection | null} */ private connection;
    /** @private */ private connectedSince;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */ private timer;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */ private keepalive;
    /** @private @type {(() => void) | null} ends the current wait */ private cancelWait;
    /** @private @type {BussaError | null} */ private stopReason;
    /**
     * Run until there is no next connection, and return why. Never rejects.
     *
     * @returns {Promise<BussaError>}
     */
    run(): Promise<BussaError>;
    /** Stop from this side. @param {BussaError} why */
    stop(why: BussaError): void;
    /** The device woke up or its network is back: reconnect at once, or probe the connection. */
    wake(): void;
    /** Write what is queued, and set the timer. */
    flush(): void;
    /** @private */
    private runTimers;
    /** @private */
    private connect;
    /** @private */
    private resetKeepalive;
    /** @private @param {number} seconds */
    private probe;
    /** @private @param {number} seconds @returns {Promise<void>} */
    private wait;
}
export type ConnectionStatus = "connecting" | "connected" | "closed";
import { BussaError } from "./errors.js";
