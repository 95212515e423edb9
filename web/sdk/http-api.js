/** Sign-up, log-in and following over HTTP. Errors have the same classes as over the socket. */

import { ProtocolError, UnreachableError, apiError } from "./errors.js";

/** Time-out of one request. */
const TIMEOUT_SECONDS = 15;

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
export function signUp(url, user, password, name) {
    return request(url, "POST", "/v1/accounts", { body: { user, password, name } });
}

/**
 * Log in.
 *
 * @param {string} url
 * @param {string} user
 * @param {string} password
 * @returns {Promise<TokenGrant>}
 * @throws {import("./errors.js").UnauthenticatedError} wrong user name or password
 */
export function logIn(url, user, password) {
    return request(url, "POST", "/v1/tokens", { body: { user, password } });
}

/**
 * Revoke every token of the user, and close every open socket with 4401.
 *
 * @param {string} url
 * @param {string} token
 */
export async function logOutEverywhere(url, token) {
    await request(url, "DELETE", "/v1/sessions", { token });
}

/**
 * @param {string} url
 * @param {string} token
 * @param {string} user
 * @throws {import("./errors.js").NotFoundError} unknown user
 */
export async function follow(url, token, user) {
    await request(url, "PUT", `/v1/following/${encodeURIComponent(user)}`, { token });
}

/**
 * @param {string} url
 * @param {string} token
 * @param {string} user
 */
export async function unfollow(url, token, user) {
    await request(url, "DELETE", `/v1/following/${encodeURIComponent(user)}`, { token });
}

/**
 * A page of the users this user follows.
 *
 * @param {string} url
 * @param {string} token
 * @param {{cursor?: string | null, limit?: number}} [page] `cursor` is the `next` of the page before
 * @returns {Promise<UserPage>}
 */
export function following(url, token, page) {
    return request(url, "GET", `/v1/following${query(page)}`, { token });
}

/**
 * A page of this user's followers.
 *
 * @param {string} url
 * @param {string} token
 * @param {{cursor?: string | null, limit?: number}} [page] `cursor` is the `next` of the page before
 * @returns {Promise<UserPage>}
 */
export function followers(url, token, page) {
    return request(url, "GET", `/v1/followers${query(page)}`, { token });
}

/** @param {{cursor?: string | null, limit?: number}} [page] */
function query({ cursor = null, limit = 50 } = {}) {
    const params = new URLSearchParams({ limit: String(limit) });
    if (cursor !== null) params.set("cursor", cursor);
    return `?${params}`;
}

/**
 * @param {string} url
 * @param {string} method
 * @param {string} path
 * @param {{token?: string, body?: unknown}} more
 * @returns {Promise<any>}
 */
async function request(url, method, path, { token, body }) {
    const base = url.replace(/^ws/, "http").replace(/\/+$/, "");
    let response;
    let text;
    try {
        response = await fetch(base + path, {
            method,
            headers: {
                ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
                ...(body === undefined ? {} : { "Content-Type": "application/json" }),
            },
            body: body === undefined ? undefined : JSON.stringify(body),
            signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1e3),
            credentials: "omit",
        });
        text = await response.text();
    } catch (error) {
        throw new UnreachableError(`cannot reach ${base}: ${error}`);
    }
    const value = text ? parseJson(text) : null;
    if (response.ok) return value;
    const problem = typeof value?.code === "string" ? value : null;
    const error = problem && apiError(problem.code, problem.detail ?? problem.title, problem.retry_after ?? null);
    throw error ?? new ProtocolError(`HTTP ${response.status} without a problem document`);
}

/** @param {string} text */
function parseJson(text) {
    try {
        return JSON.parse(text);
    } catch {
        throw new ProtocolError("the response is not JSON");
    }
}
