/**
 * The JavaScript SDK: one user's direct messages over a connection that reconnects by itself.
 *
 *     import { Client, logIn } from "/web/bussa.js"; // or from "bussa", the npm package
 *
 *     const { token } = await logIn(location.origin, "alice", "a password");
 *     const me = await new Client(location.origin, token).open();
 *     const sent = await me.send("bob", "ciao");        // on the server's disk when this resolves
 *     for await (const event of me.events()) {          // each entry of the log once, in order
 *         if (event.type === "message") console.log(event.from, event.text);
 *         if (event.type === "reset") …                 // the gap is too large: reload the conversations
 *     }
 *
 * A plain ES module without dependencies, for browsers and Node. Pass a `WebSocket` where there is no global one.
 *
 *     frames, checks      the contract, generated: frame types and their validation, codes, limits
 *     errors              error classes
 *     backoff, pending-requests, log-cursor, event-queue, state
 *                         the state machine: no I/O, time is an argument
 *     codec, connection, tokens, reconnect-loop, client-core
 *                         the I/O around it: JSON, one socket, the token, reconnecting, callers
 *     http-api            sign-up, log-in and following over HTTP
 */

import { ClientCore } from "./sdk/client-core.js";
import { parseFrame } from "./sdk/codec.js";

export { Backoff } from "./sdk/backoff.js";
export * from "./sdk/errors.js";
export * from "./sdk/http-api.js";

/**
 * @typedef {import("./sdk/client-core.js").Options} Options
 * @typedef {import("./sdk/event-queue.js").Cursor} Cursor
 * @typedef {import("./sdk/event-queue.js").Notice} Notice what `events()` yields
 * @typedef {import("./sdk/event-queue.js").Reset} Reset
 * @typedef {import("./sdk/frames.js").Conversation} Conversation
 * @typedef {import("./sdk/frames.js").Event} Event
 * @typedef {import("./sdk/frames.js").Message} Message
 * @typedef {import("./sdk/frames.js").Settings} Settings
 * @typedef {import("./sdk/reconnect-loop.js").Status} Status
 */

/**
 * One user's connection. It reconnects by itself.
 *
 * Every method rejects with an error of `sdk/errors.js`: the ApiError of the server's code, RequestTimeoutError after
 * `patience` seconds, ConnectionClosedError once the client is closed. Requests of one client are executed in call order, except
 * a `send` that is retried after `rate_limited` or `unavailable`: await the first where the order of two matters.
 */
export class Client extends ClientCore {
    /**
     * Send a message. It is on the server's disk when this resolves. Retries use the same nonce, so it is delivered
     * once, across disconnects, outages and rate limits.
     *
     * @param {string} to
     * @param {string} text
     * @param {{replyTo?: number, nonce?: string, patience?: number}} [more] `nonce`: for a retry after a
     *     RequestTimeoutError or a page reload; `patience`: the time-out of this call in seconds
     * @returns {Promise<import("./sdk/frames.js").SentReply>}
     */
    send(to, text, { replyTo, nonce = newNonce(), patience } = {}) {
        return this.request({ type: "send", to, text, nonce, reply_to: replyTo }, patience);
    }

    /**
     * Messages of a conversation: the newest, or those `before` or `after` a message number.
     *
     * @param {string} peer
     * @param {{before?: number, after?: number, limit?: number}} [page]
     * @returns {Promise<import("./sdk/frames.js").HistoryReply>}
     */
    history(peer, { before, after, limit } = {}) {
        return this.request({ type: "history", peer, before, after, limit });
    }

    /**
     * A page of the conversations, newest first.
     *
     * @param {"inbox" | "requests"} [folder]
     * @param {{before?: string | null, limit?: number}} [page] `before` is the `next` of the page before it
     * @returns {Promise<import("./sdk/frames.js").ConversationsReply>}
     */
    conversations(folder = "inbox", { before, limit } = {}) {
        return this.request({ type: "conversations", folder, before: before ?? undefined, limit });
    }

    /** Mark everything up to `n` as read. @param {string} peer @param {number} n */
    async read(peer, n) {
        await this.request({ type: "read", peer, n });
    }

    /** Accept a message request. @param {string} peer */
    async accept(peer) {
        await this.request({ type: "accept", peer });
    }

    /** Decline a message request, or close a conversation. The peer is not told. @param {string} peer */
    async decline(peer) {
        await this.request({ type: "decline", peer });
    }

    /** Block a user. No message of theirs is committed after this resolves. @param {string} user */
    async block(user) {
        await this.request({ type: "block", user });
    }

    /** @param {string} user */
    async unblock(user) {
        await this.request({ type: "unblock", user });
    }

    /** @param {string} user */
    async mute(user) {
        await this.request({ type: "mute", user });
    }

    /** @param {string} user */
    async unmute(user) {
        await this.request({ type: "unmute", user });
    }

    /**
     * Report a peer, or their message `n`. Never retried: a disconnect before the reply rejects with
     * RequestInterruptedError.
     *
     * @param {string} peer
     * @param {import("./sdk/frames.js").ReportReason} reason
     * @param {{n?: number, block?: boolean}} [more]
     */
    async report(peer, reason, { n, block } = {}) {
        await this.request({ type: "report", peer, reason, n, block });
    }

    /**
     * Apply changes to the privacy settings, and return all of them.
     *
     * @param {Partial<import("./sdk/frames.js").Settings>} [changes]
     * @returns {Promise<import("./sdk/frames.js").Settings>}
     */
    async settings(changes = {}) {
        const set = Object.keys(changes).length > 0 ? changes : undefined;
        return (await this.request({ type: "settings", set })).settings;
    }

    /**
     * A user's name, and whether this user can message them.
     *
     * @param {string} user
     * @returns {Promise<import("./sdk/frames.js").ProfileReply>}
     */
    profile(user) {
        return this.request({ type: "profile", user });
    }

    /**
     * Messages that contain a word with the prefix of each word of `query`, newest first.
     *
     * @param {string} query
     * @param {{peer?: string, before?: string | null, limit?: number}} [page]
     * @returns {Promise<import("./sdk/frames.js").SearchReply>}
     */
    search(query, { peer, before, limit } = {}) {
        return this.request({ type: "search", query, peer, before: before ?? undefined, limit });
    }

    /**
     * A page of the log after a seq, without entries of unknown types. For tools; `events()` calls it by itself.
     *
     * @param {number} after
     * @param {number} [limit]
     * @returns {Promise<{events: Event[], head: number}>}
     */
    async sync(after, limit) {
        const reply = await this.request({ type: "sync", after, limit });
        const entries = /** @type {any[]} */ (reply.events.map(parseFrame));
        return { events: entries.filter((entry) => entry.type !== "skipped"), head: reply.head };
    }

    /** Replace the token by a newer one of the same user, on this connection and later ones. @param {string} token */
    async refresh(token) {
        await this.request({ type: "refresh", token });
        this.tokens.replace(token);
    }

    /** The seq of the newest entry of the log. @returns {Promise<number>} */
    async ping() {
        return (await this.request({ type: "ping" })).head;
    }

    /** Send a typing indicator. Dropped while disconnected. @param {string} peer */
    typing(peer) {
        this.state.typing(peer);
        this.pump();
    }
}

/** An idempotency key for `send`: 128 random bits. */
export function newNonce() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
