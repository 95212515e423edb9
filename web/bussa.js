/**
 * The JavaScript SDK: one user's direct messages, over connections that come back by themselves.
 *
 *     import { Client, logIn } from "/web/bussa.js";
 *
 *     const { token } = await logIn(location.origin, "alice", "a password");
 *     const me = await new Client(location.origin, token).open();
 *     const sent = await me.send("bob", "ciao");        // on the server's disk when this resolves
 *     for await (const event of me.events()) {          // each entry of the log once, in order
 *         if (event.type === "message") console.log(event.from, event.text);
 *         if (event.type === "reset") …                 // away for too long: read the conversations anew
 *     }
 *
 * A plain ES module without dependencies, for browsers and for Node (give it a `WebSocket` where there is none).
 *
 *     errors, frames                    what can go wrong; what goes over the wire
 *     backoff, asks, log, feed, state   pure: how long to wait; what waits for an answer; where in the log;
 *                                       what waits for the application; all of it together
 *     wire, connect, tokens, life,      the shell: text, a socket, a token, one connection after the other,
 *     shell                             the callers
 *     people                            signing up, logging in, following, over HTTP
 */

import { ClientCore } from "./sdk/client-core.js";
import { parseFrame } from "./sdk/codec.js";

export { Backoff } from "./sdk/backoff.js";
export * from "./sdk/errors.js";
export * from "./sdk/http-api.js";

/** @typedef {import("./sdk/frames.js").Event} Event */

/**
 * One user's connection, which comes back by itself.
 *
 * Every method rejects with what `sdk/errors.js` lists: a RefusedError of the code that the server gave,
 * DeadlineError past its patience, ClosedError when there is no connection any more. Requests of one `Client` are
 * carried out in the order in which they were asked, unless the server put one off (`rate_limited`,
 * `unavailable`): where the order of two sends matters, await the first.
 */
export class Client extends ClientCore {
    /**
     * Send a message. When this resolves it is on the server's disk. It is repeated under one nonce over broken
     * connections, outages and limits, and delivered once.
     *
     * @param {string} to
     * @param {string} text
     * @param {{replyTo?: number, nonce?: string, patience?: number}} [more] `nonce` is for an application that goes
     *     on after a DeadlineError or a reload; `patience`, in seconds, in place of the client's own
     * @returns {Promise<import("./sdk/frames.js").Sent>}
     */
    send(to, text, { replyTo, nonce = newNonce(), patience } = {}) {
        return this.request({ type: "send", to, text, nonce, reply_to: replyTo }, patience);
    }

    /**
     * Messages of a conversation: the newest, those `before` an n, or those `after` one.
     *
     * @param {string} peer
     * @param {{before?: number, after?: number, limit?: number}} [page]
     * @returns {Promise<import("./sdk/frames.js").History>}
     */
    history(peer, { before, after, limit } = {}) {
        return this.request({ type: "history", peer, before, after, limit });
    }

    /**
     * A page of the conversations, newest first.
     *
     * @param {"inbox" | "requests"} [folder]
     * @param {{before?: string | null, limit?: number}} [page] `before` is the `next` of the page before it
     * @returns {Promise<import("./sdk/frames.js").Conversations>}
     */
    conversations(folder = "inbox", { before, limit } = {}) {
        return this.request({ type: "conversations", folder, before: before ?? undefined, limit });
    }

    /** Everything up to `n` has been read. @param {string} peer @param {number} n */
    async read(peer, n) {
        await this.request({ type: "read", peer, n });
    }

    /** Let in who knocked. @param {string} peer */
    async accept(peer) {
        await this.request({ type: "accept", peer });
    }

    /** Keep out who knocked, or whoever wrote; nobody is told. @param {string} peer */
    async decline(peer) {
        await this.request({ type: "decline", peer });
    }

    /** Once this resolves, no further message of theirs is committed. @param {string} user */
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
     * Report a peer, or one message `n` of theirs. Not repeated by itself: an InterruptedRequestError says that the
     * connection broke before the answer.
     *
     * @param {string} peer
     * @param {import("./sdk/frames.js").Reason} reason
     * @param {{n?: number, block?: boolean}} [more]
     */
    async report(peer, reason, { n, block } = {}) {
        await this.request({ type: "report", peer, reason, n, block });
    }

    /**
     * The door as it stands, after the given changes.
     *
     * @param {Partial<import("./sdk/frames.js").Settings>} [changes]
     * @returns {Promise<import("./sdk/frames.js").Settings>}
     */
    async settings(changes = {}) {
        const set = Object.keys(changes).length > 0 ? changes : undefined;
        return (await this.request({ type: "settings", set })).settings;
    }

    /**
     * A user's name, and whether a message of this user's would be let in.
     *
     * @param {string} user
     * @returns {Promise<import("./sdk/frames.js").Profile>}
     */
    profile(user) {
        return this.request({ type: "profile", user });
    }

    /**
     * Messages in which every word of `query` begins a word, newest first.
     *
     * @param {string} query
     * @param {{peer?: string, before?: string | null, limit?: number}} [page]
     * @returns {Promise<import("./sdk/frames.js").Search>}
     */
    search(query, { peer, before, limit } = {}) {
        return this.request({ type: "search", query, peer, before: before ?? undefined, limit });
    }

    /**
     * A page of the log after a seq, without entries of an unknown type. `events()` needs no help from this: it is
     * for tools.
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

    /** Go on with a newer token of the same user, here and on every connection to come. @param {string} token */
    async refresh(token) {
        await this.request({ type: "refresh", token });
        this.tokens.replace(token);
    }

    /** The seq of the newest entry of the log. @returns {Promise<number>} */
    async ping() {
        return (await this.request({ type: "ping" })).head;
    }

    /** The user is writing. Fleeting: said if there is a connection, else not at all. @param {string} peer */
    typing(peer) {
        this.state.typing(peer);
        this.pump();
    }
}

/** What makes a `send` safe to repeat: 128 bits of chance. */
export function newNonce() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
