/** The base class of views: built once, then updated from the state, at most once per microtask. */

/**
 * @typedef {{engine: import("../app/engine.js").Engine, sender: import("../app/outbox-sender.js").OutboxSender,
 *     actions: import("../app/user-actions.js").UserActions, leave: (everywhere: boolean) => void}} App
 * @typedef {import("../store/reduce.js").State} State
 */

/** @type {{app: App | null}} the account that this tab is logged in with */
export const here = { app: null };

/** @returns {App} */
export function app() {
    if (!here.app) throw new TypeError("not logged in");
    return here.app;
}

/** @returns {State} */
export const state = () => app().engine.store.get();

export class View extends HTMLElement {
    #built = false;
    #waiting = false;
    /** @type {(() => void) | null} */ #stop = null;

    connectedCallback() {
        if (!this.#built) {
            this.#built = true;
            this.build();
        }
        this.#stop = app().engine.store.subscribe(() => this.refresh());
        this.update(state());
    }

    disconnectedCallback() {
        this.#stop?.();
        this.#stop = null;
    }

    /** Schedule an update. */
    refresh() {
        if (this.#waiting) return;
        this.#waiting = true;
        queueMicrotask(() => {
            this.#waiting = false;
            if (this.#stop) this.update(state());
        });
    }

    /** Create the elements, once. */
    build() {}

    /** Update the elements. @param {State} _state */
    update(_state) {}
}
