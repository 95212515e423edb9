/** How a person looks wherever one is shown: a name, an avatar. */

import { hue, initials } from "../text/characters.js";
import { h } from "./dom.js";

const HUES = 8;

/** The best name there is for a user. @param {import("./view.js").State} state @param {string} user */
export function nameOf(state, user) {
    return state.people.get(user)?.name || state.rows.get(user)?.name || user;
}

/** A round sign with a person's letters; the name stands beside it, so it says nothing to a screen reader. @param {string} user @param {string} name @param {string} [size] */
export function avatar(user, name, size = "") {
    const sign = h("span", { class: `avatar ${size}`, "aria-hidden": "true" });
    paint(sign, user, name);
    return sign;
}

/** @param {HTMLElement} sign @param {string} user @param {string} name */
export function paint(sign, user, name) {
    const letters = initials(name);
    if (sign.dataset.of === user && sign.textContent === letters) return;
    sign.dataset.of = user;
    sign.dataset.hue = String(hue(user, HUES));
    sign.textContent = letters;
}

/** A name, which may be in any script and may not disturb the line that it stands in. @param {string} name @param {string} [kind] */
export function bdi(name, kind = "") {
    return h("bdi", { class: kind }, name);
}
