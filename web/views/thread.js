/** A conversation: header, messages and footer. */

import { loadRange, openThread, markRead } from "../app/history.js";
import { t, time } from "../i18n/index.js";
import { pendingTo } from "../store/outbox.js";
import { toThread } from "../store/route.js";
import { EMPTY, messageAt } from "../store/thread.js";
import { MessageActions } from "./message-actions.js";
import { ConversationFooter } from "./conversation-footer.js";
import { fill, h, reconcile, setText, setVisible } from "./dom.js";
import { icon } from "./icons.js";
import { makeMessage, patchMessage, pendingMessage } from "./message.js";
import { nameOf } from "./user-display.js";
import { announce } from "./toast.js";
import { ThreadHeader } from "./thread-header.js";
import { View, app, state } from "./view.js";
import { MessageWindow } from "./message-window.js";

/** @typedef {import("./view.js").State} State */

/** How long a message that was jumped to is highlighted. */
const HIGHLIGHT_MS = 2400;

export class Thread extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
        this.now = state();
        this.seen = 0;
        this.firstUnread = 0;
        this.positioned = false;
        this.wanted = 0;
    }

    build() {
        this.className = "thread";
        this.pending = h("ol", { class: "messages plain-list outbox", "aria-label": t("thread.pending") });
        this.typing = h("div", { class: "typing-indicator", hidden: true }, h("span", { class: "typing-dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", { class: "visually-hidden" }, t("typing")));
        this.list = new MessageWindow(
            {
                create: makeMessage,
                patch: (element, n) => this.patch(element, n),
                onVisible: (first, last) => loadRange(app().engine, this.peer, first, last),
                onScroll: () => this.onScroll(),
                label: t("thread.messages"),
            },
            this.pending,
            this.typing,
        );
        const { box } = this.list;
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", t("thread.messages"));
        this.date = h("div", { class: "floating-date", "aria-hidden": "true", hidden: true }, h("span", {}));
        this.count = h("span", { class: "badge", hidden: true });
        this.latestButton = h("button", { type: "button", class: "latest-button", "aria-label": t("thread.latest"), title: t("thread.latest"), hidden: true, onclick: () => this.toEnd() }, icon("down"), this.count);
        this.footer = new ConversationFooter(this.peer);
        this.beginning = h("p", { class: "conversation-start secondary center", hidden: true });
        box.prepend(this.beginning);
        fill(this, new ThreadHeader(this.peer), h("div", { class: "thread-box" }, this.date, box, this.latestButton), this.footer);
        this.messageActions = new MessageActions(this.list, this.peer, {
            reply: (n) => this.footer?.reply(n),
            jump: (n) => this.jump(n),
        });
        openThread(app().engine, this.peer);
        app().engine.loadPerson(this.peer);
    }

    connectedCallback() {
        super.connectedCallback();
        this.onFocus = () => this.onScroll();
        addEventListener("focus", this.onFocus);
        this.unlisten = this.onEvent.bind(this);
        app().engine.listeners.add(this.unlisten);
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        this.list?.stop();
        if (this.onFocus) removeEventListener("focus", this.onFocus);
        if (this.unlisten) app().engine.listeners.delete(this.unlisten);
    }

    /** @param {State} now */
    update(now) {
        const before = this.now;
        this.now = now;
        const thread = now.threads.get(this.peer) ?? EMPTY;
        const row = now.rows.get(this.peer);
        if (!thread.known) openThread(app().engine, this.peer);
        if (!this.positioned && thread.known && (row || thread.last === 0)) this.position(thread.last);
        else if (this.positioned) this.list?.update(thread.last);
        if (this.positioned && now.route.n && now.route.n !== this.wanted && now.route.peer === this.peer) this.jump(now.route.n);
        if (before.threads.get(this.peer)?.chunks !== thread.chunks && this.list) loadRange(app().engine, this.peer, this.list.first, this.list.last);
        this.patchPending(now);
        if (this.typing) {
            const shown = now.typing.has(this.peer);
            if (this.typing.hidden === shown) {
                setVisible(this.typing, shown);
                if (shown && this.list?.atEnd) this.list.toEnd();
            }
        }
        if (this.beginning) {
            setVisible(this.beginning, thread.known && thread.last === 0 && pendingTo(now.outbox, this.peer).length === 0);
            setText(this.beginning, t("thread.start", { name: nameOf(now, this.peer) }));
        }
        this.onScroll();
    }

    /** Scroll to the first unread message, or to the end. @param {number} last */
    position(last) {
        this.positioned = true;
        const row = this.now.rows.get(this.peer);
        this.seen = last;
        // `read` is exact even if the unread messages are not loaded.
        this.firstUnread = row && row.unread > 0 && row.folder === "inbox" ? row.read + 1 : 0;
        this.list?.update(last);
        if (this.now.route.n) this.jump(this.now.route.n);
        else if (this.firstUnread > 0) this.list?.show(this.firstUnread, "center");
    }

    /** @param {number} n */
    jump(n) {
        this.wanted = n;
        const { list } = this;
        if (!list || n < 1 || n > list.total) return;
        if (!list.element(n) || n < list.first || n > list.last) list.show(n, "center");
        else list.element(n)?.scrollIntoView({ block: "center" });
        const element = list.element(n);
        element?.classList.add("highlighted");
        element?.focus({ preventScroll: true });
        setTimeout(() => element?.classList.remove("highlighted"), HIGHLIGHT_MS);
    }

    toEnd() {
        if (location.hash !== toThread(this.peer)) history.replaceState(null, "", toThread(this.peer));
        this.list?.show(this.list.total, "end");
        this.footer?.focus();
    }

    /** @param {HTMLElement} element @param {number} n */
    patch(element, n) {
        const { now, peer } = this;
        const thread = now.threads.get(peer) ?? EMPTY;
        const row = now.rows.get(peer);
        const message = messageAt(thread, n);
        const own = message?.from === now.user;
        const quoted = message?.reply_to ? messageAt(thread, message.reply_to) : undefined;
        const read = own && (row?.peer_read ?? 0) >= n;
        const knocked = own && now.knocked.get(peer) === n;
        patchMessage(element, {
            ...{ message, before: messageAt(thread, n - 1), after: messageAt(thread, n + 1), quoted, own },
            name: nameOf(now, peer),
            quotedName: quoted?.from === now.user ? t("you") : nameOf(now, quoted?.from ?? peer),
            mark: !own ? "" : knocked ? "knocked" : read ? "read" : "sent",
            isFirstUnread: this.firstUnread === n,
            linksDisabled: row?.folder === "requests" || row?.folder === "declined",
            total: thread.last,
        });
        if (message?.reply_to && !quoted) loadRange(app().engine, peer, message.reply_to, message.reply_to);
    }

    /** @param {State} now */
    patchPending(now) {
        if (!this.pending) return;
        const all = pendingTo(now.outbox, this.peer);
        // Sending a message removes the unread divider.
        if (all.length > this.pending.childElementCount) this.firstUnread = 0;
        const { sender } = app();
        const pinned = this.list?.atEnd || all.length > this.pending.childElementCount;
        reconcile(
            this.pending,
            all,
            (pending) => `${pending.nonce} ${pending.state} ${pending.why}`,
            (pending) =>
                pendingMessage(pending, {
                    retry: () => sender.retry(pending.nonce),
                    edit: () => {
                        sender.drop(pending.nonce);
                        this.footer?.restore(pending.text, pending.replyTo);
                    },
                }),
            () => {},
        );
        if (pinned && all.length > 0) this.list?.toEnd();
    }

    /** After scrolling or new messages: update read state, button and floating date. */
    onScroll() {
        const { list, now, latestButton, count, date } = this;
        if (!list || !latestButton || !count || !date || !this.positioned) return;
        if (list.atEnd) {
            this.seen = list.total;
            if (document.visibilityState === "visible" && document.hasFocus()) markRead(app().engine, this.peer);
        }
        setVisible(latestButton, !list.atEnd && list.total > 0);
        const unseen = list.total - this.seen;
        setVisible(count, unseen > 0);
        fill(count, unseen, h("span", { class: "visually-hidden" }, t("thread.unseen")));
        const top = messageAt(now.threads.get(this.peer) ?? EMPTY, list.topmost);
        setVisible(date, top !== undefined && list.box.scrollTop > 24);
        if (top && date.firstElementChild) setText(date.firstElementChild, time.day(top.at, Date.now()));
    }

    /** @param {import("../sdk/event-queue.js").ClientEvent} event */
    onEvent(event) {
        if (event.type !== "message" || event.peer !== this.peer || event.from !== this.peer) return;
        announce(`${nameOf(state(), this.peer)}: ${event.text}`);
    }
}

customElements.define("bussa-thread", Thread);
