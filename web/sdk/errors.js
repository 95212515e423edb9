/**
 * What can go wrong, as types: one class a code, and one a way to lose the connection.
 *
 *     BussaError
 *         RefusedError              the server refused one request; the connection stays
 *             NotAllowedError …     one class a code of the contract
 *         ClosedError               the connection ended for good
 *             TokenRefusedError     … for want of a good token (4401)
 *         UnreachableError          no connection came about in time
 *         DeadlineError             no answer in time: the outcome is not known
 *         InterruptedRequestError   the connection broke under a request that may not be repeated
 *         BehindError               too much waits behind events that nobody reads
 *         NotContractError          the other side does not speak the contract
 */

/** Anything that this SDK throws. */
export class BussaError extends Error {
    /** @param {string} message */
    constructor(message) {
        super(message);
        this.name = new.target.name;
    }
}

/** The server refused one request (contract, section *Errors*). `retryAfter` is in seconds, where waiting helps. */
export class RefusedError extends BussaError {
    /**
     * @param {string} code
     * @param {string} message for people
     * @param {number | null} [retryAfter]
     */
    constructor(code, message, retryAfter = null) {
        super(message);
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /** Whether the same request may succeed later, unchanged. */
    get worthRepeating() {
        return this.code === "rate_limited" || this.code === "unavailable";
    }
}

export class BadRequestError extends RefusedError {}
/** The other's door is closed; for which reason, nobody is told. */
export class NotAllowedError extends RefusedError {}
/** One knock is all: the other has to accept first. */
export class AwaitingAcceptanceError extends RefusedError {}
export class NotFoundError extends RefusedError {}
/** The nonce was used for another message. */
export class ConflictError extends RefusedError {}
export class RateLimitedError extends RefusedError {}
/** The store is out of reach: nothing was committed, or the nonce makes it safe to ask again. */
export class UnavailableError extends RefusedError {}
export class UnauthenticatedError extends RefusedError {}
export class TakenError extends RefusedError {}
export class MethodNotAllowedError extends RefusedError {}
export class TooLargeError extends RefusedError {}

/** @type {Map<string, typeof RefusedError>} */
const CLASSES = new Map(
    Object.entries({
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
    }),
);

/**
 * The error of a code; null for a code that the contract does not have.
 *
 * @param {string} code
 * @param {string} message
 * @param {number | null} [retryAfter] seconds
 */
export function refusal(code, message, retryAfter = null) {
    const kind = CLASSES.get(code);
    return kind ? new kind(code, message, retryAfter) : null;
}

/** The connection ended and does not come back. `code` is the close code, where one was given. */
export class ClosedError extends BussaError {
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

/** The token is refused, expired or revoked, and there is no way to get another. */
export class TokenRefusedError extends ClosedError {}

/** No connection came about within the caller's patience. */
export class UnreachableError extends BussaError {}

/**
 * No answer within the caller's patience. A time-out is no failure: the request may have been carried out.
 * `nonce` (of a `send`) settles it: sent again under the same nonce it is delivered once.
 */
export class DeadlineError extends BussaError {
    /** @param {string | null} [nonce] */
    constructor(nonce = null) {
        super("no answer in time; whether it was carried out is not known");
        this.nonce = nonce;
    }
}

/** The connection broke under a request that must not be carried out twice; it may have been, once. */
export class InterruptedRequestError extends BussaError {}

/** Too many own writes wait behind events that are not read: read `events()`, or open with `listen: false`. */
export class BehindError extends BussaError {}

/** The other side does not speak the contract: no Bussa server, or one that is broken. */
export class NotContractError extends BussaError {}
