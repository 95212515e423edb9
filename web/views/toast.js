/** Toasts, and announcements to screen readers. */

import { t } from "../i18n/index.js";
import { h, setText } from "./dom.js";

const VISIBLE_MS = 4000;

const toast = h("div", { class: "toast", role: "status", "aria-live": "polite", hidden: true });
const liveLog = h("div", { class: "visually-hidden", role: "log", "aria-live": "polite", "aria-label": t("a11y.log") });
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Live regions must be in the page before their content changes. */
export function mountLiveRegions() {
    document.body.append(toast, liveLog);
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function showToast(key, values) {
    // A modal dialog covers everything outside it.
    const open = document.querySelector("dialog[open]");
    (open ?? document.body).append(toast);
    toast.hidden = false;
    setText(toast, t(key, values));
    clearTimeout(timer);
    timer = setTimeout(() => (toast.hidden = true), VISIBLE_MS);
}

/** Announce to screen readers only. @param {string} text */
export function announce(text) {
    liveLog.append(h("p", {}, text));
    while (liveLog.childElementCount > 5) liveLog.firstElementChild?.remove();
}
