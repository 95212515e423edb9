/** @typedef {{user: string, token: string, expires_at: number}} TokenGrant */
/** @typedef {{users: string[], next: string | null}} UserPage */
/**
 * Create an account and log in.
 *
 * @param {string} url
 * @param {string} user
 * @param {string} password
 * @param {string} [name]
 * @returns {Promise<TokenGrant>}
 * @throws {import("./errors.js").TakenError} the user name is taken
 * @throws {import("./errors.js").BadRequestError} invalid user name, password or display name
 */
export function signUp(url: string, user: string, password: string, name?: string): Promise<TokenGrant>;
/**
 * Log in.
 *
 * @param {string} url
 * @param {string} user
 * @param {string} password
 * @returns {Promise<TokenGrant>}
 * @throws {import("./errors.js").UnauthenticatedError} wrong user name or password
 */
export function logIn(url: string, user: string, password: string): Promise<TokenGrant>;
/**
 * Revoke every token of the user, and close every open socket with 4401.
 *
 * @param {string} url
 * @param {string} token
 */
export function logOutEverywhere(url: string, token: string): Promise<void>;
/**
 * @param {string} url
 * @param {string} token
 * @param {string} user
 * @throws {import("./errors.js").NotFoundError} unknown user
 */
export function follow(url: string, token: string, user: string): Promise<void>;
/**
 * @param {string} url
 * @param {string} token
 * @param {string} user
 */
export function unfollow(url: string, token: string, user: string): Promise<void>;
/**
 * A page of the users this user follows.
 *
 * @param {string} url
 * @param {string} token
 * @param {{cursor?: string | null, limit?: number}} [page] `cursor` is the `next` of the page before
 * @returns {Promise<UserPage>}
 */
export function following(url: string, token: string, page?: {
    cursor?: string | null;
    limit?: number;
}): Promise<UserPage>;
/**
 * A page of this user's followers.
 *
 * @param {string} url
 * @param {string} token
 * @param {{cursor?: string | null, limit?: number}} [page] `cursor` is the `next` of the page before
 * @returns {Promise<UserPage>}
 */
export function followers(url: string, token: string, page?: {
    cursor?: string | null;
    limit?: number;
}): Promise<UserPage>;
export type TokenGrant = {
    user: string;
    token: string;
    expires_at: number;
};
export type UserPage = {
    users: string[];
    next: string | null;
};
