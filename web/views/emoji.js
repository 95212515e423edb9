/** A small choice of emoji; all others come from the keyboard of the system. */

import { t } from "../i18n/index.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const SIGNS = (
    "😀 😄 😂 🤣 😊 🙂 😉 😍 🥰 😘 😎 🤩 🥳 😇 🤗 🤔 😏 😌 😴 😅 😬 🙄 😢 😭 😤 😡 🤯 😱 🥶 🤒 🤫 🫠 " +
    "👍 👎 👌 ✌️ 🤞 🤟 👋 👏 🙌 🙏 💪 🫶 ❤️ 🧡 💛 💚 💙 💜 🖤 💔 🔥 ✨ 🎉 🎂 🎁 🌹 ☀️ 🌙 ⭐ 🌈 ☕ 🍕 🍝 🍷 🍻 ⚽ 🎵 🚀 🏠 🚪 🔔 ✅ ❌ ❓"
).split(" ");
const ACROSS = 8;

/** @param {(sign: string) => void} chosen */
export function emojiPicker(chosen) {
    const panel = h("div", { class: "emoji", role: "group", "aria-label": t("emoji"), hidden: true });
    const button = h(
        "button",
        { type: "button", class: "icon-button", "aria-label": t("emoji"), title: t("emoji"), "aria-expanded": "false", onclick: () => (panel.hidden ? open() : close(true)) },
        icon("smile"),
    );
    const box = h("div", { class: "menu-box", onkeydown: key }, button, panel);

    function open() {
        if (panel.childElementCount === 0) {
            panel.append(...SIGNS.map((sign) => h("button", { type: "button", class: "sign-button", onclick: () => choose(sign) }, sign)));
        }
        panel.hidden = false;
        button.setAttribute("aria-expanded", "true");
        /** @type {HTMLElement | null} */ (panel.firstElementChild)?.focus();
        addEventListener("pointerdown", outside, true);
    }

    /** @param {boolean} back */
    function close(back) {
        panel.hidden = true;
        button.setAttribute("aria-expanded", "false");
        removeEventListener("pointerdown", outside, true);
        if (back) button.focus();
    }

    /** @param {string} sign */
    function choose(sign) {
        close(false);
        chosen(sign);
    }

    /** @param {Event} event */
    function outside(event) {
        if (!box.contains(/** @type {Node} */ (event.target))) close(false);
    }

    /** @param {KeyboardEvent} event */
    function key(event) {
        if (panel.hidden) return;
        const all = /** @type {HTMLElement[]} */ ([...panel.children]);
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: ACROSS, ArrowUp: -ACROSS }[event.key];
        if (step) all[all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step]?.focus();
        else if (event.key === "Escape") close(true);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    return box;
}
