/** Where one writes: it grows with the text, counts near the limit, and keeps what was not sent. */

import * as accounts from "../app/accounts.js";
import { t } from "../i18n/index.js";
import { at } from "../store/thread.js";
import { length } from "../text/characters.js";
import { fill, h, setText, show } from "./dom.js";
import { emojiPicker } from "./emoji.js";
import { icon } from "./icons.js";
import { nameOf } from "./person-parts.js";
import { View, app, state } from "./view.js";

/** Characters from the limit at which one begins to count. */
const NEAR = 500;
/** Pixels that it grows to. */
const HIGHEST = 220;
/** Milliseconds between two words that one is writing, and after the last key until a draft is kept. */
const TYPING = 3000;
const REST = 400;

export class Composer extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
        /** @type {number | null} */ this.replyTo = null;
        this.said = 0;
    }

    build() {
        this.className = "composer";
        this.box = h("textarea", {
            ...{ class: "write", rows: "1", dir: "auto", enterkeyhint: "send", "aria-describedby": "write-hint" },
            oninput: () => this.typed(),
            onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
        });
        this.count = h("span", { class: "count", role: "status", hidden: true });
        this.quote = h("div", { class: "replying", hidden: true });
        this.knock = h("p", { class: "knock-hint", hidden: true });
        this.button = h("button", { type: "submit", class: "send" }, icon("send"));
        fill(
            this,
            this.knock,
            this.quote,
            h(
                "form",
                { class: "write-row", onsubmit: (/** @type {Event} */ event) => this.send(event) },
                emojiPicker((sign) => this.insert(sign)),
                h("div", { class: "write-box" }, this.box, this.count),
                this.button,
            ),
            h("p", { class: "vh", id: "write-hint" }, t("write.hint")),
        );
        const key = `bussa:draft:${state().user}:${this.peer}`;
        this.key_ = key;
        const kept = state().drafts.get(this.peer) ?? { text: accounts.get(key) ?? "", replyTo: null };
        this.box.value = kept.text;
        this.replyTo = kept.replyTo;
    }

    connectedCallback() {
        super.connectedCallback();
        this.grow();
        // On a phone the keyboard would hide half of what one came to read.
        if (matchMedia("(hover: hover) and (min-width: 720px)").matches) this.focus();
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        clearTimeout(this.timer);
        if (this.dirty) this.keep();
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { box, button, knock, quote } = this;
        if (!box || !button || !knock || !quote) return;
        const name = nameOf(now, this.peer);
        const isKnock = now.people.get(this.peer)?.can === "knock";
        box.placeholder = t(isKnock ? "write.knock" : "write.to", { name });
        box.setAttribute("aria-label", box.placeholder);
        const label = t(isKnock ? "write.knocks" : "write.send");
        button.title = label;
        button.setAttribute("aria-label", label);
        show(knock, isKnock);
        setText(knock, isKnock ? t("write.knock.hint", { name }) : "");
        const quoted = this.replyTo ? at(now.threads.get(this.peer) ?? { last: 0, chunks: new Map(), known: false }, this.replyTo) : undefined;
        show(quote, this.replyTo !== null);
        const key = `${this.replyTo} ${quoted?.n} ${name}`;
        if (quote.dataset.of === key) return;
        quote.dataset.of = key;
        fill(
            quote,
            icon("reply"),
            h("span", { class: "two grow" }, h("bdi", { class: "strong cut" }, quoted?.from === now.user ? t("you") : name), h("span", { class: "quiet cut", dir: "auto" }, quoted?.text.slice(0, 160) ?? "")),
            h("button", { type: "button", class: "icon-button", "aria-label": t("write.noreply"), title: t("write.noreply"), onclick: () => this.answer(null) }, icon("close")),
        );
    }

    /** @param {number} n */
    reply(n) {
        this.answer(n);
    }

    /** @param {number | null} n */
    answer(n) {
        this.replyTo = n;
        this.refresh();
        this.keep();
        this.focus();
    }

    /** @param {string} text @param {number | null} replyTo what was not sent comes back to be changed */
    write(text, replyTo) {
        if (!this.box) return;
        const rest = this.box.value.trim();
        this.box.value = rest ? `${text}\n${rest}` : text;
        this.answer(replyTo ?? this.replyTo);
        this.grow();
    }

    focus() {
        this.box?.focus({ preventScroll: true });
    }

    /** @param {string} sign */
    insert(sign) {
        const { box } = this;
        if (!box) return;
        box.setRangeText(sign, box.selectionStart, box.selectionEnd, "end");
        this.typed();
        this.focus();
    }

    typed() {
        this.grow();
        const text = this.box?.value ?? "";
        if (text.trim() && Date.now() - this.said > TYPING) {
            this.said = Date.now();
            app().engine.me.typing(this.peer);
        }
        this.dirty = true;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.keep(), REST);
    }

    /** The height and the counter follow the text. */
    grow() {
        const { box, count, button } = this;
        if (!box || !count || !button) return;
        box.style.height = "auto";
        box.style.height = `${Math.min(HIGHEST, box.scrollHeight)}px`;
        const { limit } = state();
        const left = limit - length(box.value.trim());
        const near = left <= NEAR;
        show(count, near);
        count.classList.toggle("over", left < 0);
        if (near) setText(count, t("write.left", { n: left }));
        button.disabled = left < 0 || box.value.trim() === "";
    }

    keep() {
        if (!this.box || !this.key_) return;
        this.dirty = false;
        const text = this.box.value;
        if (text) accounts.set(this.key_, text);
        else accounts.remove(this.key_);
        app().engine.store.dispatch({ type: "draft", peer: this.peer, text, replyTo: this.replyTo });
    }

    /** @param {KeyboardEvent} event */
    key(event) {
        // While an input method composes, Enter is its own.
        if (event.isComposing) return;
        if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey) this.send(event);
        else if (event.key === "Escape" && this.replyTo !== null) {
            event.preventDefault();
            this.answer(null);
        }
    }

    /** @param {Event} event */
    send(event) {
        event.preventDefault();
        const { box } = this;
        const text = box?.value.trim() ?? "";
        if (!box || !text || length(text) > state().limit) return;
        app().sending.send(this.peer, text, this.replyTo);
        box.value = "";
        this.said = 0;
        this.grow();
        this.answer(null);
    }
}

customElements.define("bussa-composer", Composer);
