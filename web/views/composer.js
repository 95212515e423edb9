/** The composer: grows with the text, counts down near the limit, and saves drafts. */

import * as accounts from "../app/accounts.js";
import { t } from "../i18n/index.js";
import { messageAt } from "../store/thread.js";
import { length } from "../text/characters.js";
import { fill, h, setText, setVisible } from "./dom.js";
import { emojiPicker } from "./emoji.js";
import { icon } from "./icons.js";
import { nameOf } from "./user-display.js";
import { View, app, state } from "./view.js";

/** The counter appears when this many characters are left. */
const COUNT_FROM = 500;
const MAX_HEIGHT = 220;
const TYPING_INTERVAL_MS = 3000;
const SAVE_DELAY_MS = 400;

export class Composer extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
        /** @type {number | null} */ this.replyTo = null;
        this.lastTypingSent = 0;
    }

    build() {
        this.className = "composer";
        this.box = h("textarea", {
            ...{ class: "composer-input", rows: "1", dir: "auto", enterkeyhint: "send", "aria-describedby": "write-hint" },
            oninput: () => this.onInput(),
            onkeydown: (event) => this.onKey(event),
        });
        this.count = h("span", { class: "counter", role: "status", hidden: true });
        this.quote = h("div", { class: "reply-preview", hidden: true });
        this.knock = h("p", { class: "knock-hint", hidden: true });
        this.button = h("button", { type: "submit", class: "send" }, icon("send"));
        fill(
            this,
            this.knock,
            this.quote,
            h(
                "form",
                { class: "composer-form", onsubmit: (event) => this.send(event) },
                emojiPicker((emoji) => this.insert(emoji)),
                h("div", { class: "composer-box" }, this.box, this.count),
                this.button,
            ),
            h("p", { class: "visually-hidden", id: "write-hint" }, t("compose.hint")),
        );
        const key = `bussa:draft:${state().user}:${this.peer}`;
        this.draftKey = key;
        const draft = state().drafts.get(this.peer) ?? { text: accounts.get(key) ?? "", replyTo: null };
        this.box.value = draft.text;
        this.replyTo = draft.replyTo;
    }

    connectedCallback() {
        super.connectedCallback();
        this.resize();
        // On a phone, focus would open the keyboard over the messages.
        if (matchMedia("(hover: hover) and (min-width: 720px)").matches) this.focus();
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        clearTimeout(this.timer);
        if (this.dirty) this.saveDraft();
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { box, button, knock, quote } = this;
        if (!box || !button || !knock || !quote) return;
        const name = nameOf(now, this.peer);
        const isKnock = now.people.get(this.peer)?.can === "knock";
        box.placeholder = t(isKnock ? "compose.knock" : "compose.to", { name });
        box.setAttribute("aria-label", box.placeholder);
        const label = t(isKnock ? "compose.knocks" : "compose.send");
        button.title = label;
        button.setAttribute("aria-label", label);
        setVisible(knock, isKnock);
        setText(knock, isKnock ? t("compose.knock.hint", { name }) : "");
        const quoted = this.replyTo ? messageAt(now.threads.get(this.peer) ?? { last: 0, chunks: new Map(), known: false }, this.replyTo) : undefined;
        setVisible(quote, this.replyTo !== null);
        const key = `${this.replyTo} ${quoted?.n} ${name}`;
        if (quote.dataset.of === key) return;
        quote.dataset.of = key;
        fill(
            quote,
            icon("reply"),
            h("span", { class: "text-column grow" }, h("bdi", { class: "strong truncate" }, quoted?.from === now.user ? t("you") : name), h("span", { class: "secondary truncate", dir: "auto" }, quoted?.text.slice(0, 160) ?? "")),
            h("button", { type: "button", class: "icon-button", "aria-label": t("compose.noreply"), title: t("compose.noreply"), onclick: () => this.setReplyTo(null) }, icon("close")),
        );
    }

    /** @param {number} n */
    reply(n) {
        this.setReplyTo(n);
    }

    /** @param {number | null} n */
    setReplyTo(n) {
        this.replyTo = n;
        this.refresh();
        this.saveDraft();
        this.focus();
    }

    /** @param {string} text @param {number | null} replyTo */
    restore(text, replyTo) {
        if (!this.box) return;
        const rest = this.box.value.trim();
        this.box.value = rest ? `${text}\n${rest}` : text;
        this.setReplyTo(replyTo ?? this.replyTo);
        this.resize();
    }

    focus() {
        this.box?.focus({ preventScroll: true });
    }

    /** @param {string} emoji */
    insert(emoji) {
        const { box } = this;
        if (!box) return;
        box.setRangeText(emoji, box.selectionStart, box.selectionEnd, "end");
        this.onInput();
        this.focus();
    }

    onInput() {
        this.resize();
        const text = this.box?.value ?? "";
        if (text.trim() && Date.now() - this.lastTypingSent > TYPING_INTERVAL_MS) {
            this.lastTypingSent = Date.now();
            app().engine.client.typing(this.peer);
        }
        this.dirty = true;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.saveDraft(), SAVE_DELAY_MS);
    }

    /** Adapt height, counter and button to the text. */
    resize() {
        const { box, count, button } = this;
        if (!box || !count || !button) return;
        box.style.height = "auto";
        box.style.height = `${Math.min(MAX_HEIGHT, box.scrollHeight)}px`;
        const { limit } = state();
        const left = limit - length(box.value.trim());
        const near = left <= COUNT_FROM;
        setVisible(count, near);
        count.classList.toggle("over", left < 0);
        if (near) setText(count, t("compose.left", { n: left }));
        button.disabled = left < 0 || box.value.trim() === "";
    }

    saveDraft() {
        if (!this.box || !this.draftKey) return;
        this.dirty = false;
        const text = this.box.value;
        if (text) accounts.set(this.draftKey, text);
        else accounts.remove(this.draftKey);
        app().engine.store.dispatch({ type: "draft", peer: this.peer, text, replyTo: this.replyTo });
    }

    /** @param {KeyboardEvent} event */
    onKey(event) {
        // During IME composition Enter confirms a candidate.
        if (event.isComposing) return;
        if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey) this.send(event);
        else if (event.key === "Escape" && this.replyTo !== null) {
            event.preventDefault();
            this.setReplyTo(null);
        }
    }

    /** @param {Event} event */
    send(event) {
        event.preventDefault();
        const { box } = this;
        const text = box?.value.trim() ?? "";
        if (!box || !text || length(text) > state().limit) return;
        app().sender.send(this.peer, text, this.replyTo);
        box.value = "";
        this.lastTypingSent = 0;
        this.resize();
        this.setReplyTo(null);
    }
}

customElements.define("bussa-composer", Composer);
