/** A conversation: its messages, and what can be done below them. */

import { need, openThread, seen } from "../app/history.js";
import { t, time } from "../i18n/index.js";
import { to } from "../store/outbox.js";
import { toThread } from "../store/route.js";
import { EMPTY, at } from "../store/thread.js";
import { MessageActs } from "./acts.js";
import { Below } from "./below.js";
import { fill, h, reconcile, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { makeMessage, patchMessage, pendingMessage } from "./message.js";
import { nameOf } from "./person-parts.js";
import { whisper } from "./speak.js";
import { Head } from "./thread-head.js";
import { View, app, state } from "./view.js";
import { Window } from "./window.js";

/** @typedef {import("./view.js").State} State */

/** Milliseconds that a message which was looked for stays marked. */
const FOUND = 2400;

export class Thread extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
        this.now = state();
        this.seen = 0;
        this.fresh = 0;
        this.settled = false;
        this.wanted = 0;
    }

    build() {
        this.className = "thread";
        this.pending = h("ol", { class: "messages plain-list pendings", "aria-label": t("thread.pending") });
        this.typing = h("div", { class: "typing-line", hidden: true }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", { class: "vh" }, t("typing")));
        this.window = new Window(
            {
                make: makeMessage,
                patch: (element, n) => this.patch(element, n),
                looking: (first, last) => need(app().engine, this.peer, first, last),
                moved: () => this.moved(),
                label: t("thread.messages"),
            },
            this.pending,
            this.typing,
        );
        const { box } = this.window;
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", t("thread.messages"));
        this.date = h("div", { class: "float-date", "aria-hidden": "true", hidden: true }, h("span", {}));
        this.count = h("span", { class: "badge", hidden: true });
        this.down = h("button", { type: "button", class: "down", "aria-label": t("thread.down"), title: t("thread.down"), hidden: true, onclick: () => this.toEnd() }, icon("down"), this.count);
        this.below = new Below(this.peer);
        this.beginning = h("p", { class: "beginning quiet center", hidden: true });
        box.prepend(this.beginning);
        fill(this, new Head(this.peer), h("div", { class: "thread-box" }, this.date, box, this.down), this.below);
        this.acts = new MessageActs(this.window, this.peer, {
            reply: (n) => this.below?.reply(n),
            jump: (n) => this.jump(n),
        });
        openThread(app().engine, this.peer);
        app().engine.person(this.peer);
    }

    connectedCallback() {
        super.connectedCallback();
        this.look = () => this.moved();
        addEventListener("focus", this.look);
        this.untell = this.heard.bind(this);
        app().engine.listeners.add(this.untell);
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        this.window?.stop();
        if (this.look) removeEventListener("focus", this.look);
        if (this.untell) app().engine.listeners.delete(this.untell);
    }

    /** @param {State} now */
    update(now) {
        const before = this.now;
        this.now = now;
        const thread = now.threads.get(this.peer) ?? EMPTY;
        const row = now.rows.get(this.peer);
        if (!thread.known) openThread(app().engine, this.peer);
        if (!this.settled && thread.known && (row || thread.last === 0)) this.settle(thread.last);
        else if (this.settled) this.window?.update(thread.last);
        if (this.settled && now.route.n && now.route.n !== this.wanted && now.route.peer === this.peer) this.jump(now.route.n);
        if (before.threads.get(this.peer)?.chunks !== thread.chunks && this.window) need(app().engine, this.peer, this.window.first, this.window.last);
        this.patchPending(now);
        if (this.typing) {
            const shown = now.typing.has(this.peer);
            if (this.typing.hidden === shown) {
                show(this.typing, shown);
                if (shown && this.window?.atEnd) this.window.toEnd();
            }
        }
        if (this.beginning) {
            show(this.beginning, thread.known && thread.last === 0 && to(now.outbox, this.peer).length === 0);
            setText(this.beginning, t("thread.beginning", { name: nameOf(now, this.peer) }));
        }
        this.moved();
    }

    /** Where one begins to read: at the first unread message, or at the end. @param {number} last */
    settle(last) {
        this.settled = true;
        const row = this.now.rows.get(this.peer);
        this.seen = last;
        // Where so much is unread that its first is not known for sure, own words in between are no line.
        this.fresh = row && row.unread > 0 && row.folder === "inbox" ? row.read + 1 : 0;
        this.window?.update(last);
        if (this.now.route.n) this.jump(this.now.route.n);
        else if (this.fresh > 0) this.window?.show(this.fresh, "center");
    }

    /** @param {number} n */
    jump(n) {
        this.wanted = n;
        const { window } = this;
        if (!window || n < 1 || n > window.total) return;
        if (!window.element(n) || n < window.first || n > window.last) window.show(n, "center");
        else window.element(n)?.scrollIntoView({ block: "center" });
        const element = window.element(n);
        element?.classList.add("found");
        element?.focus({ preventScroll: true });
        setTimeout(() => element?.classList.remove("found"), FOUND);
    }

    toEnd() {
        if (location.hash !== toThread(this.peer)) history.replaceState(null, "", toThread(this.peer));
        this.window?.show(this.window.total, "end");
        this.below?.focus();
    }

    /** @param {HTMLElement} element @param {number} n */
    patch(element, n) {
        const { now, peer } = this;
        const thread = now.threads.get(peer) ?? EMPTY;
        const row = now.rows.get(peer);
        const message = at(thread, n);
        const own = message?.from === now.user;
        const quoted = message?.reply_to ? at(thread, message.reply_to) : undefined;
        const read = own && (row?.peer_read ?? 0) >= n;
        const knocked = own && now.knocked.get(peer) === n;
        patchMessage(element, {
            ...{ message, before: at(thread, n - 1), after: at(thread, n + 1), quoted, own },
            name: nameOf(now, peer),
            quotedName: quoted?.from === now.user ? t("you") : nameOf(now, quoted?.from ?? peer),
            mark: !own ? "" : knocked ? "knocked" : read ? "read" : "sent",
            fresh: this.fresh === n,
            plain: row?.folder === "requests" || row?.folder === "declined",
            total: thread.last,
        });
        if (message?.reply_to && !quoted) need(app().engine, peer, message.reply_to, message.reply_to);
    }

    /** @param {State} now */
    patchPending(now) {
        if (!this.pending) return;
        const all = to(now.outbox, this.peer);
        // Whoever writes has read: nothing above is new any more.
        if (all.length > this.pending.childElementCount) this.fresh = 0;
        const { sending } = app();
        const stuck = this.window?.atEnd || all.length > this.pending.childElementCount;
        reconcile(
            this.pending,
            all,
            (pending) => `${pending.nonce} ${pending.state} ${pending.why}`,
            (pending) =>
                pendingMessage(pending, {
                    again: () => sending.again(pending.nonce),
                    edit: () => {
                        sending.drop(pending.nonce);
                        this.below?.write(pending.text, pending.replyTo);
                    },
                }),
            () => {},
        );
        if (stuck && all.length > 0) this.window?.toEnd();
    }

    /** One has scrolled, or something came: what is new, what has been seen, which day it is. */
    moved() {
        const { window, now, down, count, date } = this;
        if (!window || !down || !count || !date || !this.settled) return;
        if (window.atEnd) {
            this.seen = window.total;
            if (document.visibilityState === "visible" && document.hasFocus()) seen(app().engine, this.peer);
        }
        show(down, !window.atEnd && window.total > 0);
        const unseen = window.total - this.seen;
        show(count, unseen > 0);
        fill(count, unseen, h("span", { class: "vh" }, t("thread.below")));
        const top = at(now.threads.get(this.peer) ?? EMPTY, window.topmost);
        show(date, top !== undefined && window.box.scrollTop > 24);
        if (top && date.firstElementChild) setText(date.firstElementChild, time.day(top.at, Date.now()));
    }

    /** @param {import("../sdk/event-queue.js").Notice} event */
    heard(event) {
        if (event.type !== "message" || event.peer !== this.peer || event.from !== this.peer) return;
        whisper(`${nameOf(state(), this.peer)}: ${event.text}`);
    }
}

customElements.define("bussa-thread", Thread);
