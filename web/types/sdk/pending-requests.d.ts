/** The table of pending requests. The caller bounds its size and collects the outcomes from `settled`. */
export class PendingRequests {
    /**
     * @param {import("./backoff.js").Backoff} backoff
     * @param {() => number} rng
     */
    constructor(backoff: import("./backoff.js").Backoff, rng: () => number);
    backoff: import("./backoff.js").Backoff;
    rng: () => number;
    /** @type {{id: number, outcome: SuccessReply | BussaError}[]} */
    settled: {
        id: number;
        outcome: SuccessReply | BussaError;
    }[];
    /** @private @type {Map<number, PendingRequest>} */ private pending;
    /** @private @type {number[]} */ private queue;
    /** @private */ private lastId;
    /** @private */ private live;
    get size(): number;
    /** An id that no pending request uses. Ids wrap around after the largest. */
    nextId(): number;
    /**
     * Add a request and return its id.
     *
     * @param {import("./codec.js").RequestWithoutId} wanted
     * @param {number} deadline
     * @throws {import("./errors.js").BadRequestError} it does not fit into a frame
     */
    add(wanted: import("./codec.js").RequestWithoutId, deadline: number): number;
    /**
     * The next frame to write, or null.
     *
     * @returns {string | null}
     */
    next(): string | null;
    /** A connection is live: queue every pending request, oldest first. */
    connected(): void;
    /** The connection is gone: reject what must not be retried. */
    disconnected(): void;
    /**
     * Settle a request with its reply. False if no request has that id.
     *
     * @param {SuccessReply} reply
     */
    resolve(reply: SuccessReply): boolean;
    /**
     * Settle a request with its error, or schedule a retry of a send before its deadline.
     *
     * @param {number} id
     * @param {BussaError} error
     * @param {number} now
     */
    reject(id: number, error: BussaError, now: number): boolean;
    /**
     * Queue the retries that are due, and settle what is past its deadline. True if anything was.
     *
     * @param {number} now
     */
    tick(now: number): boolean;
    /** When to call `tick`; Infinity: never. */
    nextTimer(): number;
    /** Settle all of them. @param {BussaError} error */
    failAll(error: BussaError): void;
    /**
     * Whether `event` may be the echo of a send that is in flight.
     *
     * Only the reply can tell: another device of the same user may have sent the same text.
     *
     * @param {import("./frames.js").Event} event
     * @param {string | null} user
     */
    mayBeEchoOfPending(event: import("./frames.js").Event, user: string | null): boolean;
    /**
     * @private
     * @param {number} id
     * @param {SuccessReply | BussaError} outcome
     */
    private settle;
}
export type Request = import("./frames.js").Request;
export type SuccessReply = import("./codec.js").SuccessReply;
/**
 * `inFlight`: it was written to a connection, so the server may have executed it; `retryAt`: when to write it again
 */
export type PendingRequest = {
    request: Request;
    data: string;
    deadline: number;
    inFlight: boolean;
    retryAt: number | null;
    tries: number;
    refused: ApiError | null;
};
import { BussaError } from "./errors.js";
import { ApiError } from "./errors.js";
