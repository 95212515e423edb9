/** Actions on a message: reply, copy, report; by pointer, touch and keyboard. */

import { t } from "../i18n/index.js";
import { messageAt } from "../store/thread.js";
import { reportQuestion } from "./dialog.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf } from "./user-display.js";
import { showToast } from "./toast.js";
import { app, state } from "./view.js";

export class MessageActions {
    /**
     * One toolbar for all messages: it moves to the one that is hovered or focused.
     *
     * @param {import("./message-window.js").MessageWindow} list
     * @param {string} peer
     * @param {{reply: (n: number) => void, jump: (n: number) => void}} callbacks
     */
    constructor(list, peer, callbacks) {
        this.list = list;
        this.peer = peer;
        this.callbacks = callbacks;
        this.n = 0;
        this.flag = actionButton("flag", t("report.open"), () => this.report());
        this.bar = h(
            "div",
            { class: "message-actions", role: "toolbar", "aria-label": t("message.label") },
            actionButton("reply", t("message.reply"), () => callbacks.reply(this.n)),
            actionButton("copy", t("message.copy"), () => this.copy()),
            this.flag,
        );
        const { items, box } = list;
        items.addEventListener("pointerover", (event) => this.pointAt(event.target));
        items.addEventListener("focusin", (event) => this.pointAt(event.target));
        items.addEventListener("click", (event) => this.onClick(event));
        items.addEventListener("dblclick", (event) => {
            const item = messageItem(event.target);
            if (item) callbacks.reply(Number(item.dataset.n));
        });
        box.addEventListener("keydown", (event) => this.onKey(event));
    }

    /** @param {EventTarget | null} target */
    pointAt(target) {
        const item = messageItem(target);
        if (!item || item.classList.contains("skeleton") || this.bar.parentElement === item) return;
        if (this.bar.contains(document.activeElement)) return;
        this.n = Number(item.dataset.n);
        this.flag.hidden = item.classList.contains("own");
        item.querySelector(".bubble")?.after(this.bar);
    }

    /** @param {MouseEvent} event */
    onClick(event) {
        const quote = /** @type {HTMLElement} */ (event.target).closest("button.quote");
        if (quote instanceof HTMLElement) this.callbacks.jump(Number(quote.dataset.to));
    }

    /** @param {KeyboardEvent} event */
    onKey(event) {
        const { list } = this;
        const item = messageItem(document.activeElement);
        const n = item ? Number(item.dataset.n) : 0;
        if (item && event.target === item && event.key.toLowerCase() === "r" && !event.ctrlKey && !event.metaKey) this.callbacks.reply(n);
        else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
            const next = item ? n + (event.key === "ArrowUp" ? -1 : 1) : event.key === "ArrowUp" ? list.last : list.topmost;
            const element = list.element(next);
            if (!element || next < list.first || next > list.last) return;
            element.focus({ preventScroll: true });
            element.scrollIntoView({ block: "nearest" });
        } else if (event.key === "End" && !item) return;
        else if (event.key === "End") list.show(list.total, "end");
        else return;
        event.preventDefault();
    }

    async copy() {
        const thread = state().threads.get(this.peer);
        const shown = thread && messageAt(thread, this.n);
        if (!shown) return;
        await navigator.clipboard.writeText(shown.text).then(
            () => showToast("message.copied"),
            () => showToast("message.notcopied"),
        );
    }

    async report() {
        const answer = await reportQuestion(nameOf(state(), this.peer), false);
        if (answer) await app().actions.report(this.peer, answer.reason, { n: this.n, block: answer.block });
    }
}

/** @param {unknown} target @returns {HTMLElement | null} */
function messageItem(target) {
    return target instanceof Element ? target.closest("li.message") : null;
}

/** @param {string} name @param {string} label @param {() => void} run */
function actionButton(name, label, run) {
    return h("button", { type: "button", class: "message-action", title: label, "aria-label": label, onclick: run }, icon(name));
}
