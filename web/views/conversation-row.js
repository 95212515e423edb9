/** One conversation in the list: who, what was said last, when, and what is unread. */

import { t, time } from "../i18n/index.js";
import { to } from "../store/outbox.js";
import { toThread } from "../store/route.js";
import { fill, h, setAttr, setText, show } from "./dom.js";
import { checks, icon } from "./icons.js";
import { avatar, nameOf, paint } from "./person-parts.js";

/**
 * @typedef {import("../store/conversations.js").Row} Row
 * @typedef {import("./view.js").State} State
 */

/** @type {WeakMap<HTMLElement, Record<string, HTMLElement>>} the parts of each row */
const parts = new WeakMap();

/** @param {Row} row */
export function makeRow(row) {
    const made = {
        face: avatar(row.peer, row.peer),
        name: h("bdi", { class: "strong cut" }),
        signs: h("span", { class: "signs" }),
        when: h("time", { class: "quiet when" }),
        said: h("span", { class: "quiet cut said", dir: "auto" }),
        state: h("span", { class: "tick" }),
        badge: h("span", { class: "badge" }),
    };
    const link = h(
        "a",
        { class: "row", href: toThread(row.peer) },
        made.face,
        h(
            "span",
            { class: "grow two" },
            h("span", { class: "line" }, made.name, made.signs, made.when),
            h("span", { class: "line" }, made.state, made.said, made.badge),
        ),
    );
    const item = h("li", {}, link);
    parts.set(item, { ...made, link });
    return item;
}

/** @param {HTMLElement} item @param {Row} row @param {State} now @param {boolean} current */
export function patchRow(item, row, now, current) {
    const made = parts.get(item);
    if (!made || !row.last) return;
    const { face, name, signs, when, said, state, badge, link } = /** @type {Record<string, HTMLElement>} */ (made);
    const shown = nameOf(now, row.peer);
    if (face) paint(face, row.peer, shown);
    if (name) setText(name, shown);
    if (link) setAttr(link, "aria-current", current ? "page" : null);
    if (when) {
        setText(when, time.brief(row.last.at, Date.now()));
        setAttr(when, "datetime", new Date(row.last.at).toISOString());
    }
    if (said) draw(said, row, now);
    if (state) tick(state, row, now);
    if (signs && signs.dataset.of !== `${row.muted} ${row.blocked}`) {
        signs.dataset.of = `${row.muted} ${row.blocked}`;
        fill(signs, row.muted && sign("muted", t("muted")), row.blocked && sign("blocked", t("blocked")));
    }
    const waits = row.unread > 0 && !row.blocked;
    item.classList.toggle("unread", waits);
    if (badge) {
        show(badge, waits);
        badge.classList.toggle("calm", row.muted);
        if (badge.dataset.n !== String(row.unread)) {
            badge.dataset.n = String(row.unread);
            fill(badge, h("span", { "aria-hidden": "true" }, row.unread > 99 ? "99+" : row.unread), h("span", { class: "vh" }, t("list.unread", { n: row.unread })));
        }
    }
}

/** @param {HTMLElement} said @param {Row} row @param {State} now */
function draw(said, row, now) {
    const draft = now.drafts.get(row.peer)?.text;
    const typing = now.typing.has(row.peer);
    const open = now.route.main === "thread" && now.route.peer === row.peer;
    const prefix = typing ? "" : draft && !open ? t("list.draft") : row.last?.from === now.user ? t("list.you") : "";
    const text = typing ? t("typing") : draft && !open ? draft : hides(row) ? t("hidden") : (row.last?.text ?? "");
    // A line is what is seen; the rest would only weigh.
    const brief = text.slice(0, 200).replace(/\s+/g, " ");
    const key = `${prefix}\n${brief}`;
    if (said.dataset.of === key) return;
    said.dataset.of = key;
    said.classList.toggle("accent", typing);
    fill(said, prefix && h("span", { class: draft && !open ? "draft" : "" }, prefix, " "), h("bdi", {}, brief));
}

/** Whether the last message is one that a block hides. @param {Row} row */
function hides(row) {
    return row.last?.hidden || (row.blocked && row.last?.from === row.peer);
}

/** @param {HTMLElement} place @param {Row} row @param {State} now */
function tick(place, row, now) {
    const waiting = to(now.outbox, row.peer);
    const failed = waiting.some((pending) => pending.state === "failed");
    const own = row.last?.from === now.user;
    const read = own && (row.peer_read ?? 0) >= (row.last?.n ?? 0);
    const kind = now.typing.has(row.peer) ? "" : failed ? "failed" : waiting.length > 0 ? "sending" : own ? (read ? "read" : "sent") : "";
    if (place.dataset.of === kind) return;
    place.dataset.of = kind;
    const signs = { failed: () => sign("warning", t("mark.failed")), sending: () => sign("clock", t("mark.sending")) };
    if (kind === "failed" || kind === "sending") fill(place, signs[kind]());
    else if (kind) fill(place, checks(kind === "read"), h("span", { class: "vh" }, t(`mark.${kind}`)));
    else fill(place);
}

/** @param {string} name @param {string} label */
function sign(name, label) {
    return h("span", { class: `sign ${name}`, title: label }, icon(name), h("span", { class: "vh" }, label));
}
