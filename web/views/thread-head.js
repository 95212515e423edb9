/** Above a conversation: with whom, whether they write, and what can be decided about them. */

import { t } from "../i18n/index.js";
import { toList, toPerson } from "../store/route.js";
import { reportQuestion } from "./dialog.js";
import { fill, h, setAttr, setText } from "./dom.js";
import { icon } from "./icons.js";
import { menu } from "./menu.js";
import { avatar, nameOf, paint } from "./person-parts.js";
import { View, app, state } from "./view.js";

export class Head extends View {
    /** @param {string} peer */
    constructor(peer) {
        super();
        this.peer = peer;
    }

    build() {
        const { peer } = this;
        this.className = "bar thread-head";
        this.face = avatar(peer, peer, "small");
        this.name = h("bdi", { class: "strong cut" });
        this.line = h("span", { class: "quiet cut small-text" });
        this.back = h("a", { class: "icon-button phone-only", "aria-label": t("back"), title: t("back") }, icon("back"));
        this.heading = h("h1", { class: "vh" });
        fill(
            this,
            this.back,
            this.heading,
            h("a", { class: "who", href: toPerson(peer) }, this.face, h("span", { class: "two" }, this.name, this.line)),
            menu(t("thread.menu"), () => peerDeeds(peer)),
        );
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { peer, face, name, line, back, heading } = this;
        if (!face || !name || !line || !back || !heading) return;
        const shown = nameOf(now, peer);
        paint(face, peer, shown);
        setText(name, shown);
        setText(heading, t("thread.with", { name: shown }));
        setAttr(back, "href", toList(now.route.list));
        const typing = now.typing.has(peer);
        line.classList.toggle("accent", typing);
        const row = now.rows.get(peer);
        const words = typing ? t("typing") : [`@${peer}`, row?.muted && t("muted"), row?.blocked && t("blocked")].filter(Boolean).join(" · ");
        setText(line, words);
    }
}

/** What can be decided about a peer. @param {string} peer @returns {import("./menu.js").Item[]} */
export function peerDeeds(peer) {
    const now = state();
    const { deeds } = app();
    const row = now.rows.get(peer);
    const name = nameOf(now, peer);
    const muted = row?.muted ?? false;
    const blocked = row?.blocked ?? false;
    const report = async () => {
        const answer = await reportQuestion(name, false);
        if (answer) await deeds.report(peer, answer.reason, { block: answer.block });
    };
    const items = [
        { label: t(muted ? "deed.unmute" : "deed.mute", { name }), icon: muted ? "bell" : "muted", run: () => void deeds.mute(peer, !muted) },
        { label: t(blocked ? "deed.unblock" : "deed.block", { name }), icon: "blocked", danger: !blocked, run: () => void deeds.block(peer, !blocked) },
    ];
    if (row?.last) items.push({ label: t("report.open"), icon: "flag", danger: true, run: () => void report() });
    return items;
}

customElements.define("bussa-thread-head", Head);
