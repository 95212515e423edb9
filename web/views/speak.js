/** Short words to the user: on the screen for a while, and to a screen reader. */

import { t } from "../i18n/index.js";
import { h, setText } from "./dom.js";

/** Milliseconds that a word stays: long enough to be read twice. */
const SHOWN = 4000;

const toast = h("div", { class: "toast", role: "status", "aria-live": "polite", hidden: true });
const aside = h("div", { class: "vh", role: "log", "aria-live": "polite", "aria-label": t("a11y.log") });
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Put both into the page; they stay there. */
export function prepare() {
    document.body.append(toast, aside);
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function say(key, values) {
    // A dialog that stands above all else would hide it.
    const open = document.querySelector("dialog[open]");
    (open ?? document.body).append(toast);
    toast.hidden = false;
    setText(toast, t(key, values));
    clearTimeout(timer);
    timer = setTimeout(() => (toast.hidden = true), SHOWN);
}

/** Say something to a screen reader alone. @param {string} text */
export function whisper(text) {
    aside.append(h("p", {}, text));
    while (aside.childElementCount > 5) aside.firstElementChild?.remove();
}
