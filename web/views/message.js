/** A message: bubble, time, delivery status and quote. */

import { t, time } from "../i18n/index.js";
import { isBigEmoji } from "../text/characters.js";
import { parts } from "../text/links.js";
import { dayOf } from "../text/time.js";
import { fill, h, setAttr } from "./dom.js";
import { checks, icon } from "./icons.js";

/** Messages of one sender within this time are grouped. */
const GROUP_WITHIN = 5 * 60 * 1000;
const MAX_QUOTE = 160;

/**
 * @typedef {import("../sdk/frames.js").Message} Message
 * @typedef {{message: Message | undefined, before: Message | undefined, after: Message | undefined,
 *     quoted: Message | undefined, own: boolean, name: string, quotedName: string, mark: "" | "sent" | "read" | "knocked",
 *     isFirstUnread: boolean, linksDisabled: boolean, total: number}} Shown
 *     `isFirstUnread`: the unread divider is above it
 */

/** @param {number} n */
export function makeMessage(n) {
    return h("li", { class: "message", tabindex: "-1", "data-n": n });
}

/** @param {HTMLElement} item @param {Shown} shown */
export function patchMessage(item, shown) {
    const { message, before, after, mark, isFirstUnread, linksDisabled, quoted } = shown;
    setAttr(item, "aria-posinset", item.dataset.n ?? null);
    setAttr(item, "aria-setsize", shown.total);
    if (!message) {
        if (item.dataset.of !== "") {
            item.dataset.of = "";
            item.className = `message skeleton ${Number(item.dataset.n) % 3 === 0 ? "own" : ""}`;
            fill(item, h("div", { class: "bubble", "aria-hidden": "true" }));
        }
        return;
    }
    const day = !before ? message.n === 1 : dayOf(before.at) !== dayOf(message.at);
    const first = day || isFirstUnread || !isGrouped(before, message);
    const last = !after || !isGrouped(message, after) || dayOf(after.at) !== dayOf(message.at);
    const key = `${day} ${mark} ${isFirstUnread} ${linksDisabled} ${message.hidden} ${quoted ? quoted.n : 0} ${shown.quotedName} ${shown.name}`;
    item.className = `message ${shown.own ? "own" : "theirs"} ${first ? "first" : ""} ${last ? "last" : ""} ${item.classList.contains("highlighted") ? "highlighted" : ""}`;
    if (item.dataset.of === key) return;
    item.dataset.of = key;
    fill(
        item,
        day && h("div", { class: "date-divider" }, h("span", {}, time.day(message.at, Date.now()))),
        isFirstUnread && h("div", { class: "unread-divider" }, h("span", {}, t("thread.unread"))),
        bubble(message, shown),
    );
}

/** @param {Message | undefined} one @param {Message} other */
function isGrouped(one, other) {
    return one !== undefined && one.from === other.from && other.at - one.at < GROUP_WITHIN;
}

/** @param {Message} message @param {Shown} shown */
function bubble(message, shown) {
    const big = !message.hidden && isBigEmoji(message.text);
    return h(
        "div",
        { class: `bubble ${big ? "big" : ""} ${message.hidden ? "hidden" : ""}` },
        h("span", { class: "visually-hidden" }, shown.own ? t("list.you") : `${shown.name}:`),
        message.reply_to && quote(message.reply_to, shown),
        h(
            "div",
            { class: "body", dir: "auto" },
            message.hidden ? h("span", { class: "text" }, t("hidden")) : text(message.text, shown.linksDisabled),
            meta(message, shown),
        ),
    );
}

/** @param {string} content @param {boolean} linksDisabled */
export function text(content, linksDisabled) {
    const pieces = linksDisabled ? [{ text: content, href: null }] : parts(content);
    return h("span", { class: "text" }, pieces.map((piece) => (piece.href ? link(piece.text, piece.href) : piece.text)));
}

/** @param {string} shown @param {string} href */
function link(shown, href) {
    const attributes = { target: "_blank", rel: "noopener noreferrer nofollow ugc", referrerpolicy: "no-referrer" };
    return h("a", { href, ...attributes, dir: "auto" }, shown);
}

/** @param {number} n @param {Shown} shown */
function quote(n, { quoted, quotedName }) {
    const excerpt = quoted ? (quoted.hidden ? t("hidden") : quoted.text.slice(0, MAX_QUOTE)) : t("thread.message", { n });
    return h(
        "button",
        { type: "button", class: "quote", "data-to": n },
        h("span", { class: "visually-hidden" }, t("thread.quoted")),
        h("bdi", { class: "strong truncate" }, quotedName),
        h("span", { class: "truncate", dir: "auto" }, excerpt),
    );
}

/** @param {Message} message @param {Shown} shown */
function meta(message, { mark }) {
    return h(
        "span",
        { class: "meta" },
        h(
            "span",
            { dir: "ltr" },
            h("time", { datetime: new Date(message.at).toISOString(), title: time.full(message.at) }, time.clock(message.at)),
            mark && deliveryStatus(mark, mark === "knocked" ? icon("door") : checks(mark === "read")),
        ),
    );
}

/** The delivery status. @param {string} kind @param {Element} glyph */
function deliveryStatus(kind, glyph) {
    const label = t(`delivery.${kind}`);
    return h("span", { class: `delivery ${kind}`, title: label }, glyph, h("span", { class: "visually-hidden" }, label));
}

/**
 * A message that is being sent, or that failed.
 *
 * @param {import("../store/outbox.js").Pending} pending
 * @param {{retry: () => void, edit: () => void}} callbacks
 */
export function pendingMessage(pending, callbacks) {
    const failed = pending.state === "failed";
    return h(
        "li",
        { class: `message own last first pending ${pending.state}` },
        h(
            "div",
            { class: "bubble" },
            h("span", { class: "visually-hidden" }, t("list.you")),
            h(
                "div",
                { class: "body", dir: "auto" },
                text(pending.text, false),
                h("span", { class: "meta" }, h("span", { dir: "ltr" }, deliveryStatus(pending.state, icon(failed ? "warning" : "clock")))),
            ),
        ),
        failed &&
            h(
                "div",
                { class: "failed-actions" },
                h("span", {}, t(`failed.${pending.why}`)),
                h("button", { type: "button", class: "link", onclick: callbacks.retry }, t("failed.retry")),
                h("button", { type: "button", class: "link", onclick: callbacks.edit }, t("failed.edit")),
            ),
    );
}
