/** Consecutive refusals of fresh tokens before giving up. */
export const MAX_REFUSALS: 3;
/** @typedef {string | (() => Promise<string>)} TokenSource */
/** Caches a token until it is refused. */
export class Tokens {
    /** @param {TokenSource} source */
    constructor(source: TokenSource);
    /** @private */ private source;
    /** @private @type {string | null} */ private token;
    /** @private */ private refusals;
    /**
     * The token for the next hello.
     *
     * @returns {Promise<string>}
     * @throws {ConnectionLostError} fetching one failed, but may succeed later
     */
    get(): Promise<string>;
    /** The connection was refreshed with this token. @param {string} token */
    replace(token: string): void;
    accepted(): void;
    /** Discard a refused token. False if no other can be fetched. */
    refused(): boolean;
}
export type TokenSource = string | (() => Promise<string>);
