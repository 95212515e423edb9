/** Own writes that may wait behind unread events; further requests throw. */
export const MAX_OWN_WRITES: 10000;
/** `now` is in seconds of any monotonic clock. */
export class State {
    /**
     * @param {{resume?: import("./event-queue.js").Cursor | null, queue?: EventQueue, backoff?: Backoff,
     *     rng?: () => number}} [options]
     */
    constructor({ resume, queue, backoff, rng }?: {
        resume?: import("./event-queue.js").Cursor | null;
        queue?: EventQueue;
        backoff?: Backoff;
        rng?: () => number;
    });
    queue: EventQueue;
    log: LogCursor;
    requests: PendingRequests;
    /** Frames that were ignored, as the protocol allows, and recoveries. */
    counters: {
        unknownFrames: number;
        unsolicitedReplies: number;
        ephemeralDropped: number;
        catchUps: number;
        resets: number;
    };
    /** @type {string | null} */ user: string | null;
    live: boolean;
    /** Gap recovery failed on this connection: close it; the next welcome decides between resume and reset. */
    broken: boolean;
    /** @private @type {number | null} the id of the `sync` in flight */ private syncId;
    /** @private the server's retry_after */ private syncNotBefore;
    /** @private @type {string | null} */ private urgent;
    /** @private @type {string | null} */ private typingTo;
    /**
     * Add a request and return its id; its outcome appears in `requests.settled`.
     *
     * @param {import("./codec.js").RequestWithoutId} wanted
     * @param {number} deadline
     * @throws {EventBacklogError} too many own writes wait behind unread events
     * @throws {import("./errors.js").BadRequestError} it does not fit into a frame
     */
    request(wanted: import("./codec.js").RequestWithoutId, deadline: number): number;
    /** Queue a typing indicator; the latest replaces earlier ones. @param {string} peer */
    typing(peer: string): void;
    /** @param {number} now */
    take(now: number): import("./event-queue.js").Notice | null;
    /** @param {string} token */
    hello(token: string): string;
    /**
     * Connected. Every pending request is queued again.
     *
     * @param {import("./frames.js").WelcomeReply} frame
     * @param {number} now
     */
    welcome(frame: import("./frames.js").WelcomeReply, now: number): void;
    /** Disconnected. The next connection resumes from the log position. */
    disconnected(): void;
    /**
     * The next frame to write, or null.
     *
     * @returns {string | null}
     */
    next(): string | null;
    /**
     * Process a frame of the server.
     *
     * @param {ReturnType<typeof parseFrame>} frame
     * @param {number} now
     */
    receive(frame: ReturnType<typeof parseFrame>, now: number): void;
    /** Do what is due. @param {number} now */
    tick(now: number): void;
    /** When to call `tick`; Infinity: never. */
    nextTimer(): number;
    /** @private @param {SuccessReply} reply @param {number} now */
    private onReply;
    /** @private @param {import("./frames.js").ErrorReply} error @param {number} now */
    private onError;
    /** @private @param {Skipped} frame @param {number} now */
    private onSkipped;
    /** @private @param {number} seq @param {number} now @param {boolean} known */
    private ownWrite;
    /**
     * Process an entry of the log; null: one the application does not see.
     *
     * @private @param {number} seq @param {LogEvent | null} event @param {number} now
     */
    private logEntry;
    /** @private @param {number} now */
    private skipOwn;
    /** A request was settled: fetch the entry that was held back for it. @private @param {number} now */
    private releaseHeld;
    /** @private */
    private catchUpDue;
    /** @private */
    private startSync;
    /** @private @param {SuccessReply} reply @param {number} now */
    private onSync;
    /** @private @param {import("./frames.js").TypingEvent} event */
    private ephemeral;
}
export type Event = import("./frames.js").Event;
export type LogEvent = import("./frames.js").LogEvent;
export type SuccessReply = import("./codec.js").SuccessReply;
export type Skipped = import("./codec.js").Skipped;
import { EventQueue } from "./event-queue.js";
import { LogCursor } from "./log-cursor.js";
import { PendingRequests } from "./pending-requests.js";
import { parseFrame } from "./codec.js";
import { Backoff } from "./backoff.js";
