/** The token of a connection: a fixed one, or whatever an async function gives. */

import { ConnectionLost } from "./connection.js";
import { BussaError, RateLimitedError, RefusedError, UnavailableError, UnreachableError } from "./errors.js";

/** Fresh tokens that may be refused one after the other. Then something else is wrong, and no further one helps. */
export const MAX_REFUSALS = 3;

/** @typedef {string | (() => Promise<string>)} TokenSource */

/** Keeps a token until it is refused. */
export class Tokens {
    /** @param {TokenSource} source */
    constructor(source) {
        /** @private */ this.source = source;
        /** @private @type {string | null} */ this.token = typeof source === "string" ? source : null;
        /** @private */ this.refusals = 0;
    }

    /**
     * The token to say hello with.
     *
     * @returns {Promise<string>}
     * @throws {ConnectionLost} none could be fetched now; it is worth another try
     */
    async get() {
        if (this.token === null && typeof this.source !== "string") {
            try {
                this.token = await this.source();
            } catch (error) {
                if (!isTransient(error)) throw error;
                const retryAfter = error instanceof RefusedError ? (error.retryAfter ?? 0) : 0;
                throw new ConnectionLost(`no token to be had: ${error}`, { retryAfter });
            }
        }
        return /** @type {string} */ (this.token);
    }

    /** @param {string} token go on with it: the connection has been given it */
    replace(token) {
        this.token = token;
    }

    accepted() {
        this.refusals = 0;
    }

    /** Forget a refused token; false if there is no other to be had. */
    refused() {
        this.refusals += 1;
        if (typeof this.source === "string" || this.refusals >= MAX_REFUSALS) return false;
        this.token = null;
        return true;
    }
}

/** Whether what a source threw may pass by itself: fetch throws a TypeError where there is no network. @param {unknown} error */
function isTransient(error) {
    if (error instanceof BussaError) {
        return [UnreachableError, UnavailableError, RateLimitedError].some((kind) => error instanceof kind);
    }
    return error instanceof TypeError;
}
