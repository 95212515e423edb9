/** What can be done with a message: answer, copy, report. By pointer, by touch and by keyboard. */

import { t } from "../i18n/index.js";
import { at } from "../store/thread.js";
import { reportQuestion } from "./dialog.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf } from "./person-parts.js";
import { say } from "./speak.js";
import { app, state } from "./view.js";

export class MessageActs {
    /**
     * One bar for all: it goes to the message that is pointed at, or has the focus.
     *
     * @param {import("./window.js").Window} window
     * @param {string} peer
     * @param {{reply: (n: number) => void, jump: (n: number) => void}} told
     */
    constructor(window, peer, told) {
        this.window = window;
        this.peer = peer;
        this.told = told;
        this.n = 0;
        this.flag = act("flag", t("report.open"), () => this.report());
        this.bar = h(
            "div",
            { class: "acts", role: "toolbar", "aria-label": t("acts.label") },
            act("reply", t("acts.reply"), () => told.reply(this.n)),
            act("copy", t("acts.copy"), () => this.copy()),
            this.flag,
        );
        const { items, box } = window;
        items.addEventListener("pointerover", (event) => this.over(event.target));
        items.addEventListener("focusin", (event) => this.over(event.target));
        items.addEventListener("click", (event) => this.clicked(event));
        items.addEventListener("dblclick", (event) => {
            const item = message(event.target);
            if (item) told.reply(Number(item.dataset.n));
        });
        box.addEventListener("keydown", (event) => this.key(event));
    }

    /** @param {EventTarget | null} target */
    over(target) {
        const item = message(target);
        if (!item || item.classList.contains("ghost") || this.bar.parentElement === item) return;
        if (this.bar.contains(document.activeElement)) return;
        this.n = Number(item.dataset.n);
        this.flag.hidden = item.classList.contains("own");
        item.querySelector(".bubble")?.after(this.bar);
    }

    /** @param {MouseEvent} event */
    clicked(event) {
        const quote = /** @type {HTMLElement} */ (event.target).closest("button.quote");
        if (quote instanceof HTMLElement) this.told.jump(Number(quote.dataset.to));
    }

    /** @param {KeyboardEvent} event */
    key(event) {
        const { window } = this;
        const item = message(document.activeElement);
        const n = item ? Number(item.dataset.n) : 0;
        if (item && event.target === item && event.key.toLowerCase() === "r" && !event.ctrlKey && !event.metaKey) this.told.reply(n);
        else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
            const next = item ? n + (event.key === "ArrowUp" ? -1 : 1) : event.key === "ArrowUp" ? window.last : window.topmost;
            const element = window.element(next);
            if (!element || next < window.first || next > window.last) return;
            element.focus({ preventScroll: true });
            element.scrollIntoView({ block: "nearest" });
        } else if (event.key === "End" && !item) return;
        else if (event.key === "End") window.show(window.total, "end");
        else return;
        event.preventDefault();
    }

    async copy() {
        const thread = state().threads.get(this.peer);
        const said = thread && at(thread, this.n);
        if (!said) return;
        await navigator.clipboard.writeText(said.text).then(
            () => say("acts.copied"),
            () => say("acts.notcopied"),
        );
    }

    async report() {
        const answer = await reportQuestion(nameOf(state(), this.peer), false);
        if (answer) await app().deeds.report(this.peer, answer.reason, { n: this.n, block: answer.block });
    }
}

/** @param {unknown} target @returns {HTMLElement | null} */
function message(target) {
    return target instanceof Element ? target.closest("li.message") : null;
}

/** @param {string} sign @param {string} label @param {() => void} run */
function act(sign, label, run) {
    return h("button", { type: "button", class: "act", title: label, "aria-label": label, onclick: run }, icon(sign));
}
