/**
 * Sends the outbox, one message at a time to each peer. Messages stay in localStorage until they are acknowledged, so
 * a closed or crashed page loses none; their nonces prevent duplicates.
 */

import { BussaError, ConnectionClosedError, RequestTimeoutError, ApiError, newNonce } from "../bussa.js";
import { pendingTo, retriesItself } from "../store/outbox.js";
import * as accounts from "./accounts.js";

/** How long to wait before a message is shown as failed. */
const TIMEOUT_SECONDS = 20;

export class OutboxSender {
    /** @param {import("./engine.js").Engine} engine */
    constructor(engine) {
        /** @private */ this.engine = engine;
        /** @private */ this.prefix = `bussa:outbox:${engine.account.user}:`;
        /** @private @type {Set<string>} */ this.busy = new Set();
    }

    /** Restore the stored outbox, and retry on every reconnect. */
    start() {
        const { store } = this.engine;
        for (const key of accounts.keys(this.prefix)) {
            const pending = accounts.json(accounts.get(key));
            if (typeof pending?.nonce !== "string" || typeof pending.text !== "string") continue;
            store.dispatch({ type: "sending", pending: { ...pending, state: "failed", why: pending.why ?? "lost" } });
        }
        let connected = false;
        store.subscribe((state) => {
            if (state.status === "connected" && !connected) this.resume();
            connected = state.status === "connected";
        });
    }

    /**
     * @param {string} peer
     * @param {string} text
     * @param {number | null} replyTo
     */
    send(peer, text, replyTo) {
        /** @type {import("../store/outbox.js").Pending} */
        const pending = { nonce: newNonce(), peer, text, replyTo, at: Date.now(), state: "sending", why: null };
        this.save(pending);
        this.engine.store.dispatch({ type: "sending", pending });
        this.pump(peer);
    }

    /** @param {string} nonce */
    retry(nonce) {
        const pending = this.engine.store.get().outbox.get(nonce);
        if (!pending) return;
        this.engine.store.dispatch({ type: "again", nonce });
        this.pump(pending.peer);
    }

    /** Discard a message. @param {string} nonce */
    drop(nonce) {
        accounts.remove(this.prefix + nonce);
        this.engine.store.dispatch({ type: "dropped", nonce });
    }

    /** @private */
    resume() {
        for (const pending of this.engine.store.get().outbox.values()) {
            if (retriesItself(pending, Date.now())) this.retry(pending.nonce);
        }
    }

    /** @private @param {string} peer */
    async pump(peer) {
        if (this.busy.has(peer)) return;
        this.busy.add(peer);
        const { store } = this.engine;
        const next = () => pendingTo(store.get().outbox, peer).find(({ state }) => state === "sending");
        for (let pending = next(); pending; pending = next()) await this.deliver(pending);
        this.busy.delete(peer);
    }

    /** @private @param {import("../store/outbox.js").Pending} pending */
    async deliver(pending) {
        const { store, client } = this.engine;
        const { nonce, peer, text, replyTo } = pending;
        try {
            const sent = await client.send(peer, text, { nonce, replyTo: replyTo ?? undefined, timeout: TIMEOUT_SECONDS });
            const message = { peer, n: sent.n, from: store.get().user, text, at: sent.at };
            accounts.remove(this.prefix + nonce);
            store.dispatch({
                ...{ type: "sent", nonce, folder: sent.folder },
                message: replyTo ? { ...message, reply_to: replyTo } : message,
            });
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            const why = reason(error);
            this.save({ ...pending, state: "failed", why });
            store.dispatch({ type: "failed", nonce, why });
        }
        this.engine.loadPerson(peer);
    }

    /** @private @param {import("../store/outbox.js").Pending} pending */
    save(pending) {
        accounts.set(this.prefix + pending.nonce, JSON.stringify(pending));
    }
}

/** @param {BussaError} error */
function reason(error) {
    if (error instanceof ApiError) return error.code;
    return error instanceof RequestTimeoutError || error instanceof ConnectionClosedError ? "lost" : "broken";
}
