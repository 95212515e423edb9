/**
 * Connects the SDK to the store: dispatches events, and fetches what is missing.
 *
 * It stops on log-out or when the token is refused; each login creates a new one.
 *
 * @typedef {ReturnType<typeof createStore<import("../store/reduce.js").State, import("../store/reduce.js").Action>>} Store
 */

import { Client, BussaError, TokenRefusedError } from "../bussa.js";
import { initial, reduce } from "../store/reduce.js";
import { createStore } from "../store/store.js";

/** How long a typing indicator is shown after its last event. */
const TYPING_MS = 6000;
const PAGE_SIZE = 40;

export class Engine {
    /**
     * @param {import("./accounts.js").Account} account
     * @param {import("../store/route.js").Route} route
     */
    constructor(account, route) {
        this.account = account;
        /** @type {Store} */
        this.store = createStore(reduce, initial(account.user, route));
        this.client = new Client(location.origin, account.token, {
            timeout: 30,
            onStatus: (status) => this.onStatus(status),
        });
        /** @type {Set<(event: import("../sdk/event-queue.js").ClientEvent) => void>} called with each event, after the store */
        this.listeners = new Set();
        /** @private @type {Set<string>} fetches in progress */ this.running = new Set();
        /** @private @type {Set<string>} fetches to repeat once they are done */ this.rerun = new Set();
        /** @private */ this.onWake = () => this.checkConnection();
    }

    /** Run until stopped, or until the token is refused. */
    async run() {
        for (const kind of ["online", "offline", "focus"]) addEventListener(kind, this.onWake);
        document.addEventListener("visibilitychange", this.onWake);
        this.client.open(Infinity).catch(() => {}); // The loop below reports the error.
        try {
            for await (const event of this.client.events()) {
                this.onEvent(event);
                for (const listener of this.listeners) listener(event);
            }
        } catch (error) {
            const refused = error instanceof TokenRefusedError;
            this.store.dispatch({ type: "status", status: "closed", ended: refused ? "token" : "broken" });
        } finally {
            for (const kind of ["online", "offline", "focus"]) removeEventListener(kind, this.onWake);
            document.removeEventListener("visibilitychange", this.onWake);
        }
    }

    async stop() {
        await this.client.close();
    }

    /** @private @param {import("../sdk/reconnect-loop.js").ConnectionStatus} status */
    onStatus(status) {
        const first = status === "connected" && !this.store.get().reached;
        if (status !== "closed") this.store.dispatch({ type: "status", status });
        if (first) this.loadInitial();
    }

    /** Fetch what the page shows first. @private */
    loadInitial() {
        this.loadList("inbox", true);
        this.loadList("requests", true);
        this.runOnce("settings", async () => {
            this.store.dispatch({ type: "settings", settings: await this.client.settings() });
        });
        this.loadPerson(this.account.user);
    }

    /** @private */
    checkConnection() {
        this.store.dispatch({ type: "online", online: navigator.onLine });
        if (document.visibilityState === "visible") this.client.wake();
    }

    /** @private @param {import("../sdk/event-queue.js").ClientEvent} event */
    onEvent(event) {
        const { store } = this;
        if (event.type === "reset") {
            store.dispatch(event);
            this.loadInitial();
        } else if (event.type === "typing") {
            store.dispatch({ type: "typing", peer: event.peer, until: Date.now() + TYPING_MS });
            setTimeout(() => store.dispatch({ type: "stillTyping", now: Date.now() }), TYPING_MS + 50);
        } else {
            const known = "peer" in event && store.get().rows.has(event.peer);
            store.dispatch(event);
            if ("peer" in event) this.refreshPeer(event, known);
        }
    }

    /** Fetch what an event makes stale. @private @param {any} event @param {boolean} known */
    refreshPeer(event, known) {
        if (event.type === "conversation" || (!known && event.type === "message")) this.loadRow(event.peer);
        // A message from the peer may allow a reply that was not allowed before.
        const closed = this.store.get().people.get(event.peer)?.can !== "yes";
        if (event.type === "conversation" || (event.type === "message" && closed)) this.loadPerson(event.peer);
    }

    // ---- fetching

    /** Fetch the first or the next page of a list. @param {"inbox" | "requests"} folder @param {boolean} [reload] */
    loadList(folder, reload = false) {
        const { next, loaded } = this.store.get().lists[folder];
        if (loaded && !reload && next === null) return;
        this.runOnce(`list ${folder}`, async () => {
            const page = await this.client.conversations(folder, { before: reload ? null : next, limit: PAGE_SIZE });
            this.store.dispatch({ ...page, type: "listed", folder, reload });
        });
    }

    /** Fetch the row of a peer that is on no loaded page. Recent ones are on the first. @param {string} peer */
    loadRow(peer) {
        this.runOnce(`row ${peer}`, async () => {
            for (const folder of /** @type {const} */ (["inbox", "requests"])) {
                const page = await this.client.conversations(folder, { limit: 200 });
                const found = page.conversations.filter((row) => row.peer === peer);
                if (found.length > 0) {
                    const { last, ...change } = found[0];
                    // A message that arrived meanwhile is newer than this reply.
                    const newer = (this.store.get().rows.get(peer)?.last?.n ?? 0) > last.n;
                    this.store.dispatch({ type: "row", peer, change: newer ? change : { ...change, last } });
                    return;
                }
            }
        });
    }

    /** Fetch a user's name, and whether this user can message them. @param {string} user @param {boolean} [reload] */
    loadPerson(user, reload = true) {
        if (!reload && this.store.get().people.has(user)) return;
        this.runOnce(`person ${user}`, async () => {
            try {
                const { name, can_message: can } = await this.client.profile(user);
                this.store.dispatch({ type: "person", user, person: { name, can, missing: false } });
            } catch (error) {
                if (/** @type {any} */ (error).code !== "not_found") throw error;
                this.store.dispatch({ type: "person", user, person: { name: user, can: "no", missing: true } });
            }
        }, reload);
    }

    /**
     * Run a fetch, unless it is in progress. Failures are only logged: what is still missing is fetched again when it
     * is shown, or after a reconnect.
     *
     * @param {string} name
     * @param {() => Promise<void>} load
     * @param {boolean} [reload] repeat it if it is in progress: its reply may be stale already
     */
    runOnce(name, load, reload = false) {
        if (this.running.has(name)) {
            if (reload) this.rerun.add(name);
            return;
        }
        this.running.add(name);
        load()
            .catch((error) => {
                if (!(error instanceof BussaError)) throw error;
                console.warn(`Bussa: ${name}: ${error.message}`);
            })
            .finally(() => {
                this.running.delete(name);
                if (this.rerun.delete(name)) this.runOnce(name, load);
            });
    }
}
