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
const TYPING = 6000;
/** Entries of a page of the lists. */
const PAGE = 40;

export class Engine {
    /**
     * @param {import("./accounts.js").Account} account
     * @param {import("../store/route.js").Route} route
     */
    constructor(account, route) {
        this.account = account;
        /** @type {Store} */
        this.store = createStore(reduce, initial(account.user, route));
        this.me = new Client(location.origin, account.token, {
            patience: 30,
            watch: (status) => this.watched(status),
        });
        /** @type {Set<(event: import("../sdk/event-queue.js").Notice) => void>} told of what happens, after the store */
        this.listeners = new Set();
        /** @private @type {Set<string>} what is being asked for, so that it is asked for once */ this.asking = new Set();
        /** @private @type {Set<string>} what is to be asked for once more, because it was wanted anew meanwhile */ this.again = new Set();
        /** @private */ this.wake = () => this.woken();
    }

    /** Live until it is stopped or the token is refused. */
    async run() {
        for (const kind of ["online", "offline", "focus"]) addEventListener(kind, this.wake);
        document.addEventListener("visibilitychange", this.wake);
        this.me.open(Infinity).catch(() => {}); // Why it ended is said by the events, below.
        try {
            for await (const event of this.me.events()) {
                this.happened(event);
                for (const tell of this.listeners) tell(event);
            }
        } catch (error) {
            const refused = error instanceof TokenRefusedError;
            this.store.dispatch({ type: "status", status: "closed", ended: refused ? "token" : "broken" });
        } finally {
            for (const kind of ["online", "offline", "focus"]) removeEventListener(kind, this.wake);
            document.removeEventListener("visibilitychange", this.wake);
        }
    }

    async stop() {
        await this.me.close();
    }

    /** @private @param {import("../sdk/reconnect-loop.js").Status} status */
    watched(status) {
        const first = status === "live" && !this.store.get().reached;
        if (status !== "closed") this.store.dispatch({ type: "status", status });
        if (first) this.begin();
    }

    /** Read what the page shows first. @private */
    begin() {
        this.list("inbox", true);
        this.list("requests", true);
        this.quietly("settings", async () => {
            this.store.dispatch({ type: "settings", settings: await this.me.settings() });
        });
        this.person(this.account.user);
    }

    /** @private */
    woken() {
        this.store.dispatch({ type: "online", online: navigator.onLine });
        if (document.visibilityState === "visible") this.me.wake();
    }

    /** @private @param {import("../sdk/event-queue.js").Notice} event */
    happened(event) {
        const { store } = this;
        if (event.type === "reset") {
            store.dispatch(event);
            this.begin();
        } else if (event.type === "typing") {
            store.dispatch({ type: "typing", peer: event.peer, until: Date.now() + TYPING });
            setTimeout(() => store.dispatch({ type: "stillTyping", now: Date.now() }), TYPING + 50);
        } else {
            const known = "peer" in event && store.get().rows.has(event.peer);
            store.dispatch(event);
            if ("peer" in event) this.met(event, known);
        }
    }

    /** What an event leaves to be read. @private @param {any} event @param {boolean} known */
    met(event, known) {
        if (event.type === "conversation" || (!known && event.type === "message")) this.row(event.peer);
        // Whoever writes has opened a door that was closed: an answer may always be answered.
        const closed = this.store.get().people.get(event.peer)?.can !== "yes";
        if (event.type === "conversation" || (event.type === "message" && closed)) this.person(event.peer);
    }

    // ---- what is read, each by one request at a time

    /** A page of a list: the first, or the next. @param {"inbox" | "requests"} folder @param {boolean} [anew] */
    list(folder, anew = false) {
        const { next, loaded } = this.store.get().lists[folder];
        if (loaded && !anew && next === null) return;
        this.quietly(`list ${folder}`, async () => {
            const page = await this.me.conversations(folder, { before: anew ? null : next, limit: PAGE });
            this.store.dispatch({ ...page, type: "listed", folder, anew });
        });
    }

    /** The row of a peer who stands in no page that was read; the newest ones are in the first. @param {string} peer */
    row(peer) {
        this.quietly(`row ${peer}`, async () => {
            for (const folder of /** @type {const} */ (["inbox", "requests"])) {
                const page = await this.me.conversations(folder, { limit: 200 });
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
    person(user, anew = true) {
        if (!anew && this.store.get().people.has(user)) return;
        this.quietly(`person ${user}`, async () => {
            try {
                const { name, can_message: can } = await this.me.profile(user);
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
    quietly(name, ask, anew = false) {
        if (this.asking.has(name)) {
            if (anew) this.again.add(name);
            return;
        }
        this.asking.add(name);
        ask()
            .catch((error) => {
                if (!(error instanceof BussaError)) throw error;
                console.warn(`Bussa: ${name}: ${error.message}`);
            })
            .finally(() => {
                this.asking.delete(name);
                if (this.again.delete(name)) this.quietly(name, ask);
            });
    }
}
