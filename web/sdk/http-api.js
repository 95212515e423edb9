/** The HTTP side: signing up, logging in, following. One short request each; errors are typed as over the socket. */

import { NotContractError, UnreachableError, refusal } from "./errors.js";

/** How long one request may take. */
const TIMEOUT_SECONDS = 15;

/** @typedef {{user: string, token: string, expires_at: number}} TokenGrant */
/** @typedef {{users: string[], next: string | null}} UserPage */

/**
 * Make an account, and log in.
 *
 * @param {string} url
 * @param {string} user
 * @param {string} password
 * @param {string} [name]
 * @returns {Promise<TokenGrant>}
 * @throws {import("./errors.js").TakenError} there is one of that id
 * @throws {import("./errors.js").BadRequestError} no good id, password or name
 */
export function signUp(url, user, password, name) {
    return request(url, "POST", "/v1/accounts", { body: { user, password, name } });
}

/**
 * A token.
 *
 * @param {string} url
 * @param {string} user
 * @param {string} password
 * @returns {Promise<TokenGrant>}
 * @throws {import("./errors.js").UnauthenticatedError} not this user and this password
 */
export function logIn(url, user, password) {
    return request(url, "POST", "/v1/tokens", { body: { user, password } });
}

/**
 * Every token of the user so far stops working, every open socket closes with 4401.
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
 * @throws {import("./errors.js").NotFoundError} there is no such user
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
 * A page of whom this user follows.
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
 * A page of who follows this user.
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
        throw new UnreachableError(`no server at ${base}: ${error}`);
    }
    const value = text ? parseJson(text) : null;
    if (response.ok) return value;
    const problem = typeof value?.code === "string" ? value : null;
    const error = problem && refusal(problem.code, problem.detail ?? problem.title, problem.retry_after ?? null);
    throw error ?? new NotContractError(`HTTP ${response.status} without a problem of ours`);
}

/** @param {string} text */
function parseJson(text) {
    try {
        return JSON.parse(text);
    } catch {
        throw new NotContractError("not what was asked for: no JSON");
    }
}
