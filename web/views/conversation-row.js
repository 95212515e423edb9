/** A row of the conversation list. */

import { t, time } from "../i18n/index.js";
import { pendingTo } from "../store/outbox.js";
import { toThread } from "../store/route.js";
import { fill, h, setAttr, setText, setVisible } from "./dom.js";
import { checks, icon } from "./icons.js";
import { avatar, fillBadge, nameOf, updateAvatar } from "./user-display.js";

/**
 * @typedef {import("../store/conversations.js").Row} Row
 * @typedef {import("./view.js").State} State
 */

/** @type {WeakMap<HTMLElement, Record<string, HTMLElement>>} the parts of each row */
const parts = new WeakMap();

/** @param {Row} row */
export function makeRow(row) {
    const elements = {
        face: avatar(row.peer, row.peer),
        name: h("bdi", { class: "strong truncate" }),
        indicators: h("span", { class: "indicators" }),
        timestamp: h("time", { class: "secondary timestamp" }),
        preview: h("span", { class: "secondary truncate preview", dir: "auto" }),
        state: h("span", { class: "row-status" }),
        badge: h("span", { class: "badge" }),
    };
    const link = h(
        "a",
        { class: "row", href: toThread(row.peer) },
        elements.face,
        h(
            "span",
            { class: "grow text-column" },
            h("span", { class: "line" }, elements.name, elements.indicators, elements.timestamp),
            h("span", { class: "line" }, elements.state, elements.preview, elements.badge),
        ),
    );
    const item = h("li", {}, link);
    parts.set(item, { ...elements, link });
    return item;
}

/** @param {HTMLElement} item @param {Row} row @param {State} now @param {boolean} current */
export function patchRow(item, row, now, current) {
    const elements = parts.get(item);
    if (!elements || !row.last) return;
    const { face, name, indicators, timestamp, preview, state, badge, link } = elements;
    const shown = nameOf(now, row.peer);
    updateAvatar(face, row.peer, shown);
    setText(name, shown);
    setAttr(link, "aria-current", current ? "page" : null);
    setText(timestamp, time.brief(row.last.at, Date.now()));
    setAttr(timestamp, "datetime", new Date(row.last.at).toISOString());
    patchPreview(preview, row, now);
    patchStatus(state, row, now);
    if (indicators.dataset.of !== `${row.muted} ${row.blocked}`) {
        indicators.dataset.of = `${row.muted} ${row.blocked}`;
        fill(indicators, row.muted && indicator("muted", t("muted")), row.blocked && indicator("blocked", t("blocked")));
    }
    const waits = row.unread > 0 && !row.blocked;
    item.classList.toggle("unread", waits);
    setVisible(badge, waits);
    badge.classList.toggle("muted", row.muted);
    if (badge.dataset.n !== String(row.unread)) {
        badge.dataset.n = String(row.unread);
        fillBadge(badge, row.unread, "list.unread");
    }
}

/** @param {HTMLElement} preview @param {Row} row @param {State} now */
function patchPreview(preview, row, now) {
    const draft = now.drafts.get(row.peer)?.text;
    const typing = now.typing.has(row.peer);
    const open = now.route.main === "thread" && now.route.peer === row.peer;
    const prefix = typing ? "" : draft && !open ? t("list.draft") : row.last?.from === now.user ? t("list.you") : "";
    const text = typing ? t("typing") : draft && !open ? draft : isHidden(row) ? t("hidden") : (row.last?.text ?? "");
    // One line is visible; long texts would slow down layout.
    const brief = text.slice(0, 200).replace(/\s+/g, " ");
    const key = `${prefix}\n${brief}`;
    if (preview.dataset.of === key) return;
    preview.dataset.of = key;
    preview.classList.toggle("accent", typing);
    fill(preview, prefix && h("span", { class: draft && !open ? "draft" : "" }, prefix, " "), h("bdi", {}, brief));
}

/** Whether a block hides the last message. @param {Row} row */
function isHidden(row) {
    return row.last?.hidden || (row.blocked && row.last?.from === row.peer);
}

/** @param {HTMLElement} place @param {Row} row @param {State} now */
function patchStatus(place, row, now) {
    const waiting = pendingTo(now.outbox, row.peer);
    const failed = waiting.some((pending) => pending.state === "failed");
    const own = row.last?.from === now.user;
    const read = own && (row.peer_read ?? 0) >= (row.last?.n ?? 0);
    const kind = now.typing.has(row.peer) ? "" : failed ? "failed" : waiting.length > 0 ? "sending" : own ? (read ? "read" : "sent") : "";
    if (place.dataset.of === kind) return;
    place.dataset.of = kind;
    const indicators = { failed: () => indicator("warning", t("delivery.failed")), sending: () => indicator("clock", t("delivery.sending")) };
    if (kind === "failed" || kind === "sending") fill(place, indicators[kind]());
    else if (kind) fill(place, checks(kind === "read"), h("span", { class: "visually-hidden" }, t(`delivery.${kind}`)));
    else fill(place);
}

/** @param {string} name @param {string} label */
function indicator(name, label) {
    return h("span", { class: `indicator ${name}`, title: label }, icon(name), h("span", { class: "visually-hidden" }, label));
}
