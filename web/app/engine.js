/**
 * Between the SDK and the store: what happens is dispatched, and what has to be read is asked for.
 *
 * It ends when the account is left or its token is refused; another login makes another one.
 *
 * @typedef {ReturnType<typeof createStore<import("../store/reduce.js").State, import("../store/reduce.js").Action>>} Store
 */

import { Client, BussaError, TokenRefusedError } from "../bussa.js";
import { initial, reduce } from "../store/reduce.js";
import { createStore } from "../store/store.js";

/** Milliseconds that *is writing* is shown without a further word of it. */
const TYPING_MS = 6000;
/** Entries of a page of the lists. */
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
            patience: 30,
            watch: (status) => this.onStatus(status),
        });
        /** @type {Set<(event: import("../sdk/event-queue.js").Notice) => void>} told of what happens, after the store */
        this.listeners = new Set();
        /** @private @type {Set<string>} what is being asked for, so that it is asked for once */ this.running = new Set();
        /** @private @type {Set<string>} what is to be asked for once more, because it was wanted anew meanwhile */ this.rerun = new Set();
        /** @private */ this.onWake = () => this.checkConnection();
    }

    /** Live until it is stopped or the token is refused. */
    async run() {
        for (const kind of ["online", "offline", "focus"]) addEventListener(kind, this.onWake);
        document.addEventListener("visibilitychange", this.onWake);
        this.client.open(Infinity).catch(() => {}); // Why it ended is said by the events, below.
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

    /** @private @param {import("../sdk/reconnect-loop.js").Status} status */
    onStatus(status) {
        const first = status === "live" && !this.store.get().reached;
        if (status !== "closed") this.store.dispatch({ type: "status", status });
        if (first) this.loadInitial();
    }

    /** Read what the page shows first. @private */
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

    /** @private @param {import("../sdk/event-queue.js").Notice} event */
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

    /** What an event leaves to be read. @private @param {any} event @param {boolean} known */
    refreshPeer(event, known) {
        if (event.type === "conversation" || (!known && event.type === "message")) this.loadRow(event.peer);
        // Whoever writes has opened a door that was closed: an answer may always be answered.
        const closed = this.store.get().people.get(event.peer)?.can !== "yes";
        if (event.type === "conversation" || (event.type === "message" && closed)) this.loadPerson(event.peer);
    }

    // ---- what is read, each by one request at a time

    /** A page of a list: the first, or the next. @param {"inbox" | "requests"} folder @param {boolean} [anew] */
    loadList(folder, anew = false) {
        const { next, loaded } = this.store.get().lists[folder];
        if (loaded && !anew && next === null) return;
        this.runOnce(`list ${folder}`, async () => {
            const page = await this.client.conversations(folder, { before: anew ? null : next, limit: PAGE_SIZE });
            this.store.dispatch({ ...page, type: "listed", folder, anew });
        });
    }

    /** The row of a peer who stands in no page that was read; the newest ones are in the first. @param {string} peer */
    loadRow(peer) {
        this.runOnce(`row ${peer}`, async () => {
            for (const folder of /** @type {const} */ (["inbox", "requests"])) {
                const page = await this.client.conversations(folder, { limit: 200 });
                const found = page.conversations.filter((row) => row.peer === peer);
                if (found.length > 0) {
                    const { last, ...change } = found[0];
                    // What has been written since the answer was made is newer than it.
                    const newer = (this.store.get().rows.get(peer)?.last?.n ?? 0) > last.n;
                    this.store.dispatch({ type: "row", peer, change: newer ? change : { ...change, last } });
                    return;
                }
            }
        });
    }

    /** A person's name, and whether one may write to them. @param {string} user @param {boolean} [anew] */
    loadPerson(user, anew = true) {
        if (!anew && this.store.get().people.has(user)) return;
        this.runOnce(`person ${user}`, async () => {
            try {
                const { name, can_message: can } = await this.client.profile(user);
                this.store.dispatch({ type: "person", user, person: { name, can, missing: false } });
            } catch (error) {
                if (/** @type {any} */ (error).code !== "not_found") throw error;
                this.store.dispatch({ type: "person", user, person: { name: user, can: "no", missing: true } });
            }
        }, anew);
    }

    /**
     * Do something once at a time. What fails is not lost: whatever is still missing is asked for again as soon as
     * somebody looks at it, or at the next connection.
     *
     * @param {string} name
     * @param {() => Promise<void>} ask
     * @param {boolean} [anew] the answer that is under way may be older than what is wanted: ask again after it
     */
    runOnce(name, ask, anew = false) {
        if (this.running.has(name)) {
            if (anew) this.rerun.add(name);
            return;
        }
        this.running.add(name);
        ask()
            .catch((error) => {
                if (!(error instanceof BussaError)) throw error;
                console.warn(`Bussa: ${name}: ${error.message}`);
            })
            .finally(() => {
                this.running.delete(name);
                if (this.rerun.delete(name)) this.runOnce(name, ask);
            });
    }
}
