/**
 * Error classes: one per error code, and one per way to lose the connection.
 *
 *     BussaError
 *         ApiError              the server refused one request; the connection stays open
 *             NotAllowedError …     one class per error code
 *         ConnectionClosedError               the connection is closed for good
 *             TokenRefusedError     … because the token is invalid (4401)
 *         UnreachableError          no connection in time
 *         RequestTimeoutError             no reply in time: the outcome is unknown
 *         RequestInterruptedError   disconnected during a request that must not be retried
 *         EventBacklogError               too many own writes wait behind unread events
 *         ProtocolError          the server violates the protocol
 */

import { RETRYABLE } from "./frames.js";

/** Base class of everything this SDK throws. */
export class BussaError extends Error {
    /** @param {string} message */
    constructor(message) {
        super(message);
        this.name = new.target.name;
    }
}

/** The server refused one request (protocol, section *Errors*). `retryAfter`: seconds, where a retry may succeed. */
export class ApiError extends BussaError {
    /**
     * @param {string} code
     * @param {string} message human-readable
     * @param {number | null} [retryAfter]
     */
    constructor(code, message, retryAfter = null) {
        super(message);
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /** Whether the same request may succeed later. */
    get worthRepeating() {
        return RETRYABLE.has(this.code);
    }
}

export class BadRequestError extends ApiError {}
/** The recipient does not accept messages from this user. The reason is not disclosed. */
export class NotAllowedError extends ApiError {}
/** The first message has not been accepted yet. */
export class AwaitingAcceptanceError extends ApiError {}
export class NotFoundError extends ApiError {}
/** The nonce was used for a different message. */
export class ConflictError extends ApiError {}
export class RateLimitedError extends ApiError {}
/** The database is unavailable. Nothing was committed, or the nonce makes a retry safe. */
export class UnavailableError extends ApiError {}
export class UnauthenticatedError extends ApiError {}
export class TakenError extends ApiError {}
export class MethodNotAllowedError extends ApiError {}
export class TooLargeError extends ApiError {}

/** @typedef {import("./frames.js").ErrorCode | import("./frames.js").HttpCode} Code */

/** @type {Map<string, typeof ApiError>} */
const CLASSES = new Map(
    Object.entries(/** @satisfies {Record<Code, typeof ApiError>} */ ({
        bad_request: BadRequestError,
        not_allowed: NotAllowedError,
        awaiting_acceptance: AwaitingAcceptanceError,
        not_found: NotFoundError,
        conflict: ConflictError,
        rate_limited: RateLimitedError,
        unavailable: UnavailableError,
        unauthenticated: UnauthenticatedError,
        taken: TakenError,
        method_not_allowed: MethodNotAllowedError,
        too_large: TooLargeError,
    })),
);

/**
 * The error of a code; null for an unknown code.
 *
 * @param {string} code
 * @param {string} message
 * @param {number | null} [retryAfter] seconds
 */
export function refusal(code, message, retryAfter = null) {
    const kind = CLASSES.get(code);
    return kind ? new kind(code, message, retryAfter) : null;
}

/** The connection is closed and will not be reopened. `code`: the close code, if any. */
export class ConnectionClosedError extends BussaError {
    /**
     * @param {number | null} code
     * @param {string} reason
     */
    constructor(code, reason) {
        super(code === null ? reason : `${reason} (${code})`);
        this.code = code;
        this.reason = reason;
    }
}

/** The token is invalid, expired or revoked, and no other is available. */
export class TokenRefusedError extends ConnectionClosedError {}

/** No connection within the time-out. */
export class UnreachableError extends BussaError {}

/**
 * No reply within the time-out. The request may have been executed. For a `send`, retry with the same `nonce`: the
 * message is delivered once.
 */
export class RequestTimeoutError extends BussaError {
    /** @param {string | null} [nonce] */
    constructor(nonce = null) {
        super("no reply in time; the outcome is unknown");
        this.nonce = nonce;
    }
}

/** Disconnected during a request that must not be executed twice. It may have been executed. */
export class RequestInterruptedError extends BussaError {}

/** Too many own writes wait behind unread events: read `events()`, or set `listen: false`. */
export class EventBacklogError extends BussaError {}

/** The server violates the protocol: not a Bussa server, or a broken one. */
export class ProtocolError extends BussaError {}
