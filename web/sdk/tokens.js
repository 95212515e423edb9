/** The token of the connections: a fixed one, or one from an async function. */

import { ConnectionLostError } from "./connection.js";
import { BussaError, RateLimitedError, ApiError, UnavailableError, UnreachableError } from "./errors.js";

/** Consecutive refusals of fresh tokens before giving up. */
export const MAX_REFUSALS = 3;

/** @typedef {string | (() => Promise<string>)} TokenSource */

/** Caches a token until it is refused. */
export class Tokens {
    /** @param {TokenSource} source */
    constructor(source) {
        /** @private */ this.source = source;
        /** @private @type {string | null} */ this.token = typeof source === "string" ? source : null;
        /** @private */ this.refusals = 0;
    }

    /**
     * The token for the next hello.
     *
     * @returns {Promise<string>}
     * @throws {ConnectionLostError} fetching one failed, but may succeed later
     */
    async get() {
        if (this.token === null && typeof this.source !== "string") {
            try {
                this.token = await this.source();
            } catch (error) {
                if (!isTransient(error)) throw error;
                const retryAfter = error instanceof ApiError ? (error.retryAfter ?? 0) : 0;
                throw new ConnectionLostError(`cannot fetch a token: ${error}`, { retryAfter });
            }
        }
        return /** @type {string} */ (this.token);
    }

    /** The connection was refreshed with this token. @param {string} token */
    replace(token) {
        this.token = token;
    }

    accepted() {
        this.refusals = 0;
    }

    /** Discard a refused token. False if no other can be fetched. */
    refused() {
        this.refusals += 1;
        if (typeof this.source === "string" || this.refusals >= MAX_REFUSALS) return false;
        this.token = null;
        return true;
    }
}

/** Whether a retry may help. fetch throws a TypeError when there is no network. @param {unknown} error */
function isTransient(error) {
    if (error instanceof BussaError) {
        return [UnreachableError, UnavailableError, RateLimitedError].some((kind) => error instanceof kind);
    }
    return error instanceof TypeError;
}
