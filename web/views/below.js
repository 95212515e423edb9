/** Below a conversation: a place to write, the answer to a knock, or why there is neither. */

import { t } from "../i18n/index.js";
import { Composer } from "./composer.js";
import { reportQuestion } from "./dialog.js";
import { fill, h, show } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf } from "./person-parts.js";
import { View, app, state } from "./view.js";

/** Milliseconds after which a door that was closed is looked at again. */
const LOOK = 10_000;

/** @typedef {"write" | "knocks" | "blocked" | "closed" | "missing"} Kind */

export class Below extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
        this.composer = new Composer(peer);
    }

    build() {
        this.className = "below";
        this.note = h("div", { class: "below-note", role: "group", hidden: true });
        fill(this, this.note, this.composer);
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        if (!this.note) return;
        const kind = kindOf(now, this.peer);
        const name = nameOf(now, this.peer);
        show(this.composer, kind === "write");
        show(this.note, kind !== "write");
        const key = `${kind} ${name}`;
        if (this.note.dataset.key !== key) {
            this.note.dataset.key = key;
            fill(this.note, ...words(kind, this.peer, name));
        }
        clearTimeout(this.timer);
        if (kind === "closed") this.timer = setTimeout(() => this.isConnected && app().engine.person(this.peer), LOOK);
    }

    /** @param {number} n answer this message */
    reply(n) {
        this.composer.reply(n);
    }

    /** @param {string} text @param {number | null} replyTo */
    write(text, replyTo) {
        this.composer.write(text, replyTo);
    }

    focus() {
        this.composer.focus();
    }
}

/** @param {import("./view.js").State} now @param {string} peer @returns {Kind} */
function kindOf(now, peer) {
    const row = now.rows.get(peer);
    const person = now.people.get(peer);
    if (row?.blocked) return "blocked";
    if (row?.folder === "requests") return "knocks";
    if (person?.missing) return "missing";
    return person?.can === "no" ? "closed" : "write";
}

/** @param {Kind} kind @param {string} peer @param {string} name */
function words(kind, peer, name) {
    const { deeds } = app();
    if (kind === "knocks") {
        return [
            h("p", { class: "strong" }, t("knock.title", { name })),
            h("p", { class: "quiet" }, t("knock.text")),
            h(
                "div",
                { class: "row wrap center-row" },
                h("button", { type: "button", class: "button", onclick: () => deeds.accept(peer) }, icon("check"), t("knock.accept")),
                h("button", { type: "button", class: "button plain", onclick: () => turnAway(peer) }, t("knock.decline")),
                h("button", { type: "button", class: "button plain danger-text", onclick: () => report(peer, name) }, t("knock.report")),
            ),
        ];
    }
    if (kind === "blocked") {
        const unblock = h("button", { type: "button", class: "button plain", onclick: () => deeds.block(peer, false) }, t("deed.unblock", { name }));
        return [h("p", {}, t("below.blocked", { name })), unblock];
    }
    return [h("p", { class: "quiet" }, icon("lock"), " ", t(kind === "missing" ? "below.missing" : "below.closed", { name }))];
}

/** @param {string} peer */
async function turnAway(peer) {
    if (await app().deeds.decline(peer)) location.hash = "#/knocks";
}

/** @param {string} peer @param {string} name */
async function report(peer, name) {
    const answer = await reportQuestion(name, true);
    if (!answer) return;
    const n = state().rows.get(peer)?.last?.n;
    if (await app().deeds.report(peer, answer.reason, { n, block: answer.block })) location.hash = "#/knocks";
}

customElements.define("bussa-below", Below);
