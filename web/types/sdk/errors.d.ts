/**
 * The error of a code; null for an unknown code.
 *
 * @param {string} code
 * @param {string} message
 * @param {number | null} [retryAfter] seconds
 */
export function refusal(code: string, message: string, retryAfter?: number | null): ApiError | null;
/** Base class of everything this SDK throws. */
export class BussaError extends Error {
    /** @param {string} message */
    constructor(message: string);
}
/** The server refused one request (protocol, section *Errors*). `retryAfter`: seconds, where a retry may succeed. */
export class ApiError extends BussaError {
    /**
     * @param {string} code
     * @param {string} message human-readable
     * @param {number | null} [retryAfter]
     */
    constructor(code: string, message: string, retryAfter?: number | null);
    code: string;
    retryAfter: number | null;
    /** Whether the same request may succeed later. */
    get worthRepeating(): boolean;
}
export class BadRequestError extends ApiError {
}
/** The recipient does not accept messages from this user. The reason is not disclosed. */
export class NotAllowedError extends ApiError {
}
/** The first message has not been accepted yet. */
export class AwaitingAcceptanceError extends ApiError {
}
export class NotFoundError extends ApiError {
}
/** The nonce was used for a different message. */
export class ConflictError extends ApiError {
}
export class RateLimitedError extends ApiError {
}
/** The database is unavailable. Nothing was committed, or the nonce makes a retry safe. */
export class UnavailableError extends ApiError {
}
export class UnauthenticatedError extends ApiError {
}
export class TakenError extends ApiError {
}
export class MethodNotAllowedError extends ApiError {
}
export class TooLargeError extends ApiError {
}
/** The connection is closed and will not be reopened. `code`: the close code, if any. */
export class ConnectionClosedError extends BussaError {
    /**
     * @param {number | null} code
     * @param {string} reason
     */
    constructor(code: number | null, reason: string);
    code: number | null;
    reason: string;
}
/** The token is invalid, expired or revoked, and no other is available. */
export class TokenRefusedError extends ConnectionClosedError {
}
/** No connection within the time-out. */
export class UnreachableError extends BussaError {
}
/**
 * No reply within the time-out. The request may have been executed. For a `send`, retry with the same `nonce`: the
 * message is delivered once.
 */
export class RequestTimeoutError extends BussaError {
    /** @param {string | null} [nonce] */
    constructor(nonce?: string | null);
    nonce: string | null;
}
/** Disconnected during a request that must not be executed twice. It may have been executed. */
export class RequestInterruptedError extends BussaError {
}
/** Too many own writes wait behind unread events: read `events()`, or set `listen: false`. */
export class EventBacklogError extends BussaError {
}
/** The server violates the protocol: not a Bussa server, or a broken one. */
export class ProtocolError extends BussaError {
}
export type Code = import("./frames.js").ErrorCode | import("./frames.js").HttpCode;
