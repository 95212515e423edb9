/** An idempotency key for `send`: 128 random bits. */
export function newNonce(): string;
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
    send(to: string, text: string, { replyTo, nonce, patience }?: {
        replyTo?: number;
        nonce?: string;
        patience?: number;
    }): Promise<import("./sdk/frames.js").SentReply>;
    /**
     * Messages of a conversation: the newest, or those `before` or `after` a message number.
     *
     * @param {string} peer
     * @param {{before?: number, after?: number, limit?: number}} [page]
     * @returns {Promise<import("./sdk/frames.js").HistoryReply>}
     */
    history(peer: string, { before, after, limit }?: {
        before?: number;
        after?: number;
        limit?: number;
    }): Promise<import("./sdk/frames.js").HistoryReply>;
    /**
     * A page of the conversations, newest first.
     *
     * @param {"inbox" | "requests"} [folder]
     * @param {{before?: string | null, limit?: number}} [page] `before` is the `next` of the page before it
     * @returns {Promise<import("./sdk/frames.js").ConversationsReply>}
     */
    conversations(folder?: "inbox" | "requests", { before, limit }?: {
        before?: string | null;
        limit?: number;
    }): Promise<import("./sdk/frames.js").ConversationsReply>;
    /** Mark everything up to `n` as read. @param {string} peer @param {number} n */
    read(peer: string, n: number): Promise<void>;
    /** Accept a message request. @param {string} peer */
    accept(peer: string): Promise<void>;
    /** Decline a message request, or close a conversation. The peer is not told. @param {string} peer */
    decline(peer: string): Promise<void>;
    /** Block a user. No message of theirs is committed after this resolves. @param {string} user */
    block(user: string): Promise<void>;
    /** @param {string} user */
    unblock(user: string): Promise<void>;
    /** @param {string} user */
    mute(user: string): Promise<void>;
    /** @param {string} user */
    unmute(user: string): Promise<void>;
    /**
     * Report a peer, or their message `n`. Never retried: a disconnect before the reply rejects with
     * RequestInterruptedError.
     *
     * @param {string} peer
     * @param {import("./sdk/frames.js").ReportReason} reason
     * @param {{n?: number, block?: boolean}} [more]
     */
    report(peer: string, reason: import("./sdk/frames.js").ReportReason, { n, block }?: {
        n?: number;
        block?: boolean;
    }): Promise<void>;
    /**
     * Apply changes to the privacy settings, and return all of them.
     *
     * @param {Partial<import("./sdk/frames.js").Settings>} [changes]
     * @returns {Promise<import("./sdk/frames.js").Settings>}
     */
    settings(changes?: Partial<import("./sdk/frames.js").Settings>): Promise<import("./sdk/frames.js").Settings>;
    /**
     * A user's name, and whether this user can message them.
     *
     * @param {string} user
     * @returns {Promise<import("./sdk/frames.js").ProfileReply>}
     */
    profile(user: string): Promise<import("./sdk/frames.js").ProfileReply>;
    /**
     * Messages that contain a word with the prefix of each word of `query`, newest first.
     *
     * @param {string} query
     * @param {{peer?: string, before?: string | null, limit?: number}} [page]
     * @returns {Promise<import("./sdk/frames.js").SearchReply>}
     */
    search(query: string, { peer, before, limit }?: {
        peer?: string;
        before?: string | null;
        limit?: number;
    }): Promise<import("./sdk/frames.js").SearchReply>;
    /**
     * A page of the log after a seq, without entries of unknown types. For tools; `events()` calls it by itself.
     *
     * @param {number} after
     * @param {number} [limit]
     * @returns {Promise<{events: Event[], head: number}>}
     */
    sync(after: number, limit?: number): Promise<{
        events: Event[];
        head: number;
    }>;
    /** Replace the token by a newer one of the same user, on this connection and later ones. @param {string} token */
    refresh(token: string): Promise<void>;
    /** The seq of the newest entry of the log. @returns {Promise<number>} */
    ping(): Promise<number>;
    /** Send a typing indicator. Dropped while disconnected. @param {string} peer */
    typing(peer: string): void;
}
export type Options = import("./sdk/client-core.js").Options;
export type Cursor = import("./sdk/event-queue.js").Cursor;
/**
 * what `events()` yields
 */
export type Notice = import("./sdk/event-queue.js").Notice;
export type Reset = import("./sdk/event-queue.js").Reset;
export type Conversation = import("./sdk/frames.js").Conversation;
export type Event = import("./sdk/frames.js").Event;
export type Message = import("./sdk/frames.js").Message;
export type Settings = import("./sdk/frames.js").Settings;
export type Status = import("./sdk/reconnect-loop.js").Status;
import { ClientCore } from "./sdk/client-core.js";
