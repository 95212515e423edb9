/** One message: a bubble with its text, its time and its mark, and what it answers. */

import { t, time } from "../i18n/index.js";
import { isBigEmoji } from "../text/characters.js";
import { parts } from "../text/links.js";
import { dayOf } from "../text/time.js";
import { fill, h, setAttr } from "./dom.js";
import { checks, icon } from "./icons.js";

/** Milliseconds within which messages of one person stand together. */
const TOGETHER = 5 * 60 * 1000;
/** Characters of what is quoted. */
const QUOTED = 160;

/**
 * @typedef {import("../sdk/frames.js").Message} Message
 * @typedef {{message: Message | undefined, before: Message | undefined, after: Message | undefined,
 *     quoted: Message | undefined, own: boolean, name: string, quotedName: string, mark: "" | "sent" | "read" | "knocked",
 *     fresh: boolean, plain: boolean, total: number}} Shown
 *     `fresh`: the line *new* stands above it; `plain`: links lead nowhere
 */

/** @param {number} n */
export function makeMessage(n) {
    return h("li", { class: "message", tabindex: "-1", "data-n": n });
}

/** @param {HTMLElement} item @param {Shown} shown */
export function patchMessage(item, shown) {
    const { message, before, after, mark, fresh, plain, quoted } = shown;
    setAttr(item, "aria-posinset", item.dataset.n ?? null);
    setAttr(item, "aria-setsize", shown.total);
    if (!message) {
        if (item.dataset.of !== "") {
            item.dataset.of = "";
            item.className = `message ghost ${Number(item.dataset.n) % 3 === 0 ? "own" : ""}`;
            fill(item, h("div", { class: "bubble", "aria-hidden": "true" }));
        }
        return;
    }
    const day = !before ? message.n === 1 : dayOf(before.at) !== dayOf(message.at);
    const first = day || fresh || !together(before, message);
    const last = !after || !together(message, after) || dayOf(after.at) !== dayOf(message.at);
    const key = `${day} ${mark} ${fresh} ${plain} ${message.hidden} ${quoted ? quoted.n : 0} ${shown.quotedName} ${shown.name}`;
    item.className = `message ${shown.own ? "own" : "theirs"} ${first ? "first" : ""} ${last ? "last" : ""} ${item.classList.contains("found") ? "found" : ""}`;
    if (item.dataset.of === key) return;
    item.dataset.of = key;
    fill(
        item,
        day && h("div", { class: "day" }, h("span", {}, time.day(message.at, Date.now()))),
        fresh && h("div", { class: "fresh" }, h("span", {}, t("thread.fresh"))),
        bubble(message, shown),
    );
}

/** @param {Message | undefined} one @param {Message} other */
function together(one, other) {
    return one !== undefined && one.from === other.from && other.at - one.at < TOGETHER;
}

/** @param {Message} message @param {Shown} shown */
function bubble(message, shown) {
    const big = !message.hidden && isBigEmoji(message.text);
    return h(
        "div",
        { class: `bubble ${big ? "big" : ""} ${message.hidden ? "hidden" : ""}` },
        h("span", { class: "vh" }, shown.own ? t("list.you") : `${shown.name}:`),
        message.reply_to && quote(message.reply_to, shown),
        h(
            "div",
            { class: "body", dir: "auto" },
            message.hidden ? h("span", { class: "text" }, t("hidden")) : text(message.text, shown.plain),
            meta(message, shown),
        ),
    );
}

/** @param {string} content @param {boolean} plain */
export function text(content, plain) {
    const pieces = plain ? [{ text: content, href: null }] : parts(content);
    return h("span", { class: "text" }, pieces.map((piece) => (piece.href ? link(piece.text, piece.href) : piece.text)));
}

/** @param {string} shown @param {string} href */
function link(shown, href) {
    const safe = { target: "_blank", rel: "noopener noreferrer nofollow ugc", referrerpolicy: "no-referrer" };
    return h("a", { href, ...safe, dir: "auto" }, shown);
}

/** @param {number} n @param {Shown} shown */
function quote(n, { quoted, quotedName }) {
    const said = quoted ? (quoted.hidden ? t("hidden") : quoted.text.slice(0, QUOTED)) : t("thread.message", { n });
    return h(
        "button",
        { type: "button", class: "quote", "data-to": n },
        h("span", { class: "vh" }, t("thread.quoted")),
        h("bdi", { class: "strong cut" }, quotedName),
        h("span", { class: "cut", dir: "auto" }, said),
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
            mark && sign(mark, mark === "knocked" ? icon("door") : checks(mark === "read")),
        ),
    );
}

/** What has become of a message. @param {string} kind @param {Element} drawn */
function sign(kind, drawn) {
    const label = t(`mark.${kind}`);
    return h("span", { class: `mark ${kind}`, title: label }, drawn, h("span", { class: "vh" }, label));
}

/**
 * A message that is on its way, or did not get there.
 *
 * @param {import("../store/outbox.js").Pending} pending
 * @param {{again: () => void, edit: () => void}} told
 */
export function pendingMessage(pending, told) {
    const failed = pending.state === "failed";
    return h(
        "li",
        { class: `message own last first pending ${pending.state}` },
        h(
            "div",
            { class: "bubble" },
            h("span", { class: "vh" }, t("list.you")),
            h(
                "div",
                { class: "body", dir: "auto" },
                text(pending.text, false),
                h("span", { class: "meta" }, h("span", { dir: "ltr" }, sign(pending.state, icon(failed ? "warning" : "clock")))),
            ),
        ),
        failed &&
            h(
                "div",
                { class: "failed-line" },
                h("span", {}, t(`failed.${pending.why}`)),
                h("button", { type: "button", class: "link", onclick: told.again }, t("failed.again")),
                h("button", { type: "button", class: "link", onclick: told.edit }, t("failed.edit")),
            ),
    );
}
