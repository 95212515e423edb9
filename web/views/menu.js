/** A menu button (ARIA pattern): arrow keys move, Escape closes, focus returns to the button. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {{label: string, icon?: string, danger?: boolean, run: () => void}} Item */

let count = 0;

/**
 * @param {string} label
 * @param {() => (Item | null | false)[]} items evaluated each time it opens
 * @param {string} [name]
 */
export function menu(label, items, name = "more") {
    count += 1;
    const id = `menu-${count}`;
    const list = h("div", { class: "menu", role: "menu", id, "aria-label": label, hidden: true });
    const button = h(
        "button",
        {
            ...{ type: "button", class: "icon-button", title: label, "aria-label": label },
            ...{ "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id },
            onclick: () => (list.hidden ? open() : close()),
        },
        icon(name),
    );
    const box = h("div", { class: "menu-box", onkeydown: key }, button, list);

    function open() {
        list.replaceChildren(
            ...items().flatMap((item) => (item ? [entry(item)] : [])),
        );
        list.hidden = false;
        button.setAttribute("aria-expanded", "true");
        entries()[0]?.focus();
        addEventListener("pointerdown", outside, true);
        addEventListener("focusin", outside);
    }

    function close(back = true) {
        if (list.hidden) return;
        list.hidden = true;
        button.setAttribute("aria-expanded", "false");
        removeEventListener("pointerdown", outside, true);
        removeEventListener("focusin", outside);
        if (back) button.focus();
    }

    /** @param {Item} item */
    function entry(item) {
        const run = () => {
            close();
            item.run();
        };
        const kind = `menu-item ${item.danger ? "danger" : ""}`;
        return h("button", { type: "button", role: "menuitem", tabindex: "-1", class: kind, onclick: run }, item.icon ? icon(item.icon) : null, item.label);
    }

    function entries() {
        return /** @type {HTMLElement[]} */ ([...list.children]);
    }

    /** @param {Event} event */
    function outside(event) {
        if (!box.contains(/** @type {Node} */ (event.target))) close(false);
    }

    /** @param {KeyboardEvent} event */
    function key(event) {
        if (list.hidden) return;
        const all = entries();
        const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
        const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, AppShell: 0, End: all.length - 1 }[event.key];
        if (to !== undefined) all[to % all.length]?.focus();
        else if (event.key === "Escape") close();
        else if (event.key === "Tab") return close(false);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    return box;
}
