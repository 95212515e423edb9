/** The footer of a conversation: the composer, a message request to decide on, or why neither is available. */

import { t } from "../i18n/index.js";
import { Composer } from "./composer.js";
import { reportQuestion } from "./dialog.js";
import { fill, h, setVisible } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf } from "./user-display.js";
import { View, app, state } from "./view.js";

/** How often a closed recipient is checked again. */
const RECHECK_MS = 10_000;

/** @typedef {"write" | "knocks" | "blocked" | "closed" | "missing"} FooterState */

export class ConversationFooter extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
        this.composer = new Composer(peer);
    }

    build() {
        this.className = "conversation-footer";
        this.note = h("div", { class: "footer-notice", role: "group", hidden: true });
        fill(this, this.note, this.composer);
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        if (!this.note) return;
        const mode = footerState(now, this.peer);
        const name = nameOf(now, this.peer);
        setVisible(this.composer, mode === "write");
        setVisible(this.note, mode !== "write");
        const key = `${mode} ${name}`;
        if (this.note.dataset.key !== key) {
            this.note.dataset.key = key;
            fill(this.note, ...notice(mode, this.peer, name));
        }
        clearTimeout(this.timer);
        if (mode === "closed") this.timer = setTimeout(() => this.isConnected && app().engine.loadPerson(this.peer), RECHECK_MS);
    }

    /** @param {number} n */
    reply(n) {
        this.composer.reply(n);
    }

    /** @param {string} text @param {number | null} replyTo */
    restore(text, replyTo) {
        this.composer.restore(text, replyTo);
    }

    focus() {
        this.composer.focus();
    }
}

/** @param {import("./view.js").State} now @param {string} peer @returns {FooterState} */
function footerState(now, peer) {
    const row = now.rows.get(peer);
    const person = now.people.get(peer);
    if (row?.blocked) return "blocked";
    if (row?.folder === "requests") return "knocks";
    if (person?.missing) return "missing";
    return person?.can === "no" ? "closed" : "write";
}

/** @param {FooterState} mode @param {string} peer @param {string} name */
function notice(mode, peer, name) {
    const { actions } = app();
    if (mode === "knocks") {
        return [
            h("p", { class: "strong" }, t("knock.title", { name })),
            h("p", { class: "secondary" }, t("knock.hint")),
            h(
                "div",
                { class: "row wrap justify-center" },
                h("button", { type: "button", class: "button", onclick: () => actions.accept(peer) }, icon("check"), t("knock.accept")),
                h("button", { type: "button", class: "button plain", onclick: () => decline(peer) }, t("knock.decline")),
                h("button", { type: "button", class: "button plain danger-text", onclick: () => report(peer, name) }, t("knock.report")),
            ),
        ];
    }
    if (mode === "blocked") {
        const unblock = h("button", { type: "button", class: "button plain", onclick: () => actions.block(peer, false) }, t("action.unblock", { name }));
        return [h("p", {}, t("footer.blocked", { name })), unblock];
    }
    return [h("p", { class: "secondary" }, icon("lock"), " ", t(mode === "missing" ? "footer.missing" : "footer.closed", { name }))];
}

/** @param {string} peer */
async function decline(peer) {
    if (await app().actions.decline(peer)) location.hash = "#/knocks";
}

/** @param {string} peer @param {string} name */
async function report(peer, name) {
    const answer = await reportQuestion(name, true);
    if (!answer) return;
    const n = state().rows.get(peer)?.last?.n;
    if (await app().actions.report(peer, answer.reason, { n, block: answer.block })) location.hash = "#/knocks";
}

customElements.define("bussa-conversation-footer", ConversationFooter);
