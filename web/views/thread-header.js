/** The header of a conversation: the peer, the typing indicator and the menu. */

import { t } from "../i18n/index.js";
import { toList, toPerson } from "../store/route.js";
import { reportQuestion } from "./dialog.js";
import { fill, h, setAttr, setText } from "./dom.js";
import { backLink } from "./icons.js";
import { menu } from "./menu.js";
import { avatar, nameOf, updateAvatar } from "./user-display.js";
import { View, app, state } from "./view.js";

export class ThreadHeader extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
    }

    build() {
        const { peer } = this;
        this.className = "toolbar thread-header";
        this.face = avatar(peer, peer, "small");
        this.name = h("bdi", { class: "strong truncate" });
        this.status = h("span", { class: "secondary truncate small-text" });
        this.back = backLink("#/");
        this.heading = h("h1", { class: "visually-hidden" });
        fill(
            this,
            this.back,
            this.heading,
            h("a", { class: "peer-link", href: toPerson(peer) }, this.face, h("span", { class: "text-column" }, this.name, this.status)),
            menu(t("thread.menu"), () => peerActions(peer)),
        );
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { peer, face, name, status, back, heading } = this;
        if (!face || !name || !status || !back || !heading) return;
        const shown = nameOf(now, peer);
        updateAvatar(face, peer, shown);
        setText(name, shown);
        setText(heading, t("thread.with", { name: shown }));
        setAttr(back, "href", toList(now.route.list));
        const typing = now.typing.has(peer);
        status.classList.toggle("accent", typing);
        const row = now.rows.get(peer);
        const text = typing ? t("typing") : [`@${peer}`, row?.muted && t("muted"), row?.blocked && t("blocked")].filter(Boolean).join(" · ");
        setText(status, text);
    }
}

/** The menu of a peer. @param {string} peer @returns {import("./menu.js").Item[]} */
export function peerActions(peer) {
    const now = state();
    const { actions } = app();
    const row = now.rows.get(peer);
    const name = nameOf(now, peer);
    const muted = row?.muted ?? false;
    const blocked = row?.blocked ?? false;
    const report = async () => {
        const answer = await reportQuestion(name, false);
        if (answer) await actions.report(peer, answer.reason, { block: answer.block });
    };
    const items = [
        { label: t(muted ? "action.unmute" : "action.mute", { name }), icon: muted ? "bell" : "muted", run: () => void actions.mute(peer, !muted) },
        { label: t(blocked ? "action.unblock" : "action.block", { name }), icon: "blocked", danger: !blocked, run: () => void actions.block(peer, !blocked) },
    ];
    if (row?.last) items.push({ label: t("report.open"), icon: "flag", danger: true, run: () => void report() });
    return items;
}

customElements.define("bussa-thread-header", ThreadHeader);
