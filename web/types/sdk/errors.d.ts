/**
 * The error of a code; null for an unknown code.
 *
 * @param {string} code
 * @param {string} message
 * @param {number | null} [retryAfter] seconds
 */
export function refusal(code: string, message: string, retryAfter?: number | null): RefusedError | null;
/**
 * Error classes: one per error code, and one per way to lose the connection.
 *
 *     BussaError
 *         RefusedError              the server refused one request; the connection stays open
 *             NotAllowedError …     one class per error code
 *         ClosedError               the connection is closed for good
 *             TokenRefusedError     … because the token is invalid (4401)
 *         UnreachableError          no connection in time
 *         DeadlineError             no reply in time: the outcome is unknown
 *         InterruptedRequestError   disconnected during a request that must not be retried
 *         BehindError               too many own writes wait behind unread events
 *         NotContractError          the server violates the protocol
 */
/** Base class of everything this SDK throws. */
export class BussaError extends Error {
    /** @param {string} message */
    constructor(message: string);
}
/** The server refused one request (protocol, section *Errors*). `retryAfter`: seconds, where a retry may succeed. */
export class RefusedError extends BussaError {
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
export class BadRequestError extends RefusedError {
}
/** The recipient does not accept messages from this user. The reason is not disclosed. */
export class NotAllowedError extends RefusedError {
}
/** The first message has not been accepted yet. */
export class AwaitingAcceptanceError extends RefusedError {
}
export class NotFoundError extends RefusedError {
}
/** The nonce was used for a different message. */
export class ConflictError extends RefusedError {
}
export class RateLimitedError extends RefusedError {
}
/** The database is unavailable. Nothing was committed, or the nonce makes a retry safe. */
export class UnavailableError extends RefusedError {
}
export class UnauthenticatedError extends RefusedError {
}
export class TakenError extends RefusedError {
}
export class MethodNotAllowedError extends RefusedError {
}
export class TooLargeError extends RefusedError {
}
/** The connection is closed and will not be reopened. `code`: the close code, if any. */
export class ClosedError extends BussaError {
    /**
     * @param {number | null} code
     * @param {string} reason
     */
    constructor(code: number | null, reason: string);
    code: number | null;
    reason: string;
}
/** The token is invalid, expired or revoked, and no other is available. */
export class TokenRefusedError extends ClosedError {
}
/** No connection within the time-out. */
export class UnreachableError extends BussaError {
}
/**
 * No reply within the time-out. The request may have been executed. For a `send`, retry with the same `nonce`: the
 * message is delivered once.
 */
export class DeadlineError extends BussaError {
    /** @param {string | null} [nonce] */
    constructor(nonce?: string | null);
    nonce: string | null;
}
/** Disconnected during a request that must not be executed twice. It may have been executed. */
export class InterruptedRequestError extends BussaError {
}
/** Too many own writes wait behind unread events: read `events()`, or set `listen: false`. */
export class BehindError extends BussaError {
}
/** The server violates the protocol: not a Bussa server, or a broken one. */
export class NotContractError extends BussaError {
}
