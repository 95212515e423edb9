/** Line icons on a 24 by 24 grid, in the current text colour. */

import { t } from "../i18n/index.js";
import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** @type {Record<string, string>} */
const PATHS = {
    messages: "M21 12a8 8 0 0 1-8 8H4l2.2-3.1A8 8 0 1 1 21 12Z",
    people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8",
    settings: "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM19.4 13.5a7.6 7.6 0 0 0 0-3l2-1.5-2-3.5-2.4 1a7.6 7.6 0 0 0-2.6-1.5L14 2.5h-4l-.4 2.5A7.6 7.6 0 0 0 7 6.5l-2.4-1-2 3.5 2 1.5a7.6 7.6 0 0 0 0 3l-2 1.5 2 3.5 2.4-1a7.6 7.6 0 0 0 2.6 1.5l.4 2.5h4l.4-2.5a7.6 7.6 0 0 0 2.6-1.5l2.4 1 2-3.5Z",
    door: "M6 21V4.5A1.5 1.5 0 0 1 7.5 3h9A1.5 1.5 0 0 1 18 4.5V21M3.5 21h17M14.5 12.2v.6",
    new: "M12 5v14M5 12h14",
    write: "M4 20h4.5L20 8.5a2.1 2.1 0 0 0 0-3l-1.5-1.5a2.1 2.1 0 0 0-3 0L4 15.5ZM13.5 6l4.5 4.5",
    search: "M10.8 18a7.2 7.2 0 1 0 0-14.4 7.2 7.2 0 0 0 0 14.4ZM16 16l4.5 4.5",
    back: "M20 12H4.5M11 5l-7 7 7 7",
    close: "M6 6l12 12M18 6 6 18",
    send: "M12 20V4.5M5.5 11 12 4.5l6.5 6.5",
    smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8 14.2a4.6 4.6 0 0 0 8 0M9 9.5v.2M15 9.5v.2",
    reply: "M10 6.5 4.5 12l5.5 5.5M5 12h8.5a6 6 0 0 1 6 6v.5",
    copy: "M9 9h10.5v10.5H9ZM15 5.5V4.5H4.5V15h1",
    flag: "M5.5 21V4M5.5 4.5h12l-2.5 4 2.5 4h-12",
    more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
    down: "M6 9.5l6 6 6-6",
    muted: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5ZM16.5 9.5l5 5M21.5 9.5l-5 5",
    blocked: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM5.7 5.7l12.6 12.6",
    check: "M5 12.5l4.5 4.5L19 7",
    clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5.3l3.3 2",
    warning: "M12 4 2.8 19.5h18.4ZM12 10v4.2M12 17v.1",
    retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4.5v4.9h-4.9",
    bell: "M6 10a6 6 0 0 1 12 0c0 5 2 6.5 2 6.5H4S6 15 6 10ZM10 20a2.2 2.2 0 0 0 4 0",
    out: "M14.5 4.5h-9v15h9M10.5 12h10M17 8l4 4-4 4",
    lock: "M6.5 11h11v9.5h-11ZM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
    eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6Z",
    offline: "M3 3l18 18M5 12.5a10 10 0 0 1 4-2.4M2 9a15 15 0 0 1 4.5-2.9M15 10.2a10 10 0 0 1 4 2.3M10.5 5.1A15 15 0 0 1 22 9M8.5 16a5 5 0 0 1 7 0M12 19.5v.1",
};

/**
 * An icon. It is hidden from screen readers: the element around it has a name.
 *
 * @param {string} name
 * @param {string} [kind] a class
 */
export function icon(name, kind = "") {
    const svg = document.createElementNS(SVG, "svg");
    const attributes = { viewBox: "0 0 24 24", class: `icon icon-${name} ${kind}`.trim(), "aria-hidden": "true", focusable: "false" };
    for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", PATHS[name] ?? "");
    svg.append(path);
    return svg;
}

/** A link with an icon; its label is also the tooltip. @param {string} href @param {string} name @param {string} label @param {string} [kind] */
export function iconLink(href, name, label, kind = "") {
    return h("a", { class: `icon-button ${kind}`, href, title: label, "aria-label": label }, icon(name));
}

/** The link back to the list on narrow screens. @param {string} href */
export function backLink(href) {
    return iconLink(href, "back", t("back"), "phone-only");
}

/** One check mark for sent, two for read. @param {boolean} two */
export function checks(two) {
    const svg = icon("check", "checks");
    const [path] = svg.children;
    path?.setAttribute("d", two ? "M1.5 12.5l4.5 4.5L15 7M10.5 15.5 12 17l9.5-10" : "M5 12.5l4.5 4.5L19 7");
    return svg;
}
