/** A small emoji picker; all others come from the system's keyboard. */

import { t } from "../i18n/index.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const EMOJI = (
    "😀 😄 😂 🤣 😊 🙂 😉 😍 🥰 😘 😎 🤩 🥳 😇 🤗 🤔 😏 😌 😴 😅 😬 🙄 😢 😭 😤 😡 🤯 😱 🥶 🤒 🤫 🫠 " +
    "👍 👎 👌 ✌️ 🤞 🤟 👋 👏 🙌 🙏 💪 🫶 ❤️ 🧡 💛 💚 💙 💜 🖤 💔 🔥 ✨ 🎉 🎂 🎁 🌹 ☀️ 🌙 ⭐ 🌈 ☕ 🍕 🍝 🍷 🍻 ⚽ 🎵 🚀 🏠 🚪 🔔 ✅ ❌ ❓"
).split(" ");
const COLUMNS = 8;

/** @param {(emoji: string) => void} onChoose */
export function emojiPicker(onChoose) {
    const panel = h("div", { class: "emoji-panel", role: "group", "aria-label": t("emoji"), hidden: true });
    const button = h(
        "button",
        { type: "button", class: "icon-button", "aria-label": t("emoji"), title: t("emoji"), "aria-expanded": "false", onclick: () => (panel.hidden ? open() : close(true)) },
        icon("smile"),
    );
    const box = h("div", { class: "menu-box", onkeydown: key }, button, panel);

    function open() {
        if (panel.childElementCount === 0) {
            panel.append(...EMOJI.map((emoji) => h("button", { type: "button", class: "emoji-button", onclick: () => choose(emoji) }, emoji)));
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

    /** @param {string} emoji */
    function choose(emoji) {
        close(false);
        onChoose(emoji);
    }

    /** @param {Event} event */
    function outside(event) {
        if (!box.contains(/** @type {Node} */ (event.target))) close(false);
    }

    /** @param {KeyboardEvent} event */
    function key(event) {
        if (panel.hidden) return;
        const all = /** @type {HTMLElement[]} */ ([...panel.children]);
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
        if (step) all[all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step]?.focus();
        else if (event.key === "Escape") close(true);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    return box;
}
