/** How a person looks wherever one is shown: a name, an avatar. */

import { toPerson } from "../store/route.js";
import { hue, initials } from "../text/characters.js";
import { t } from "../i18n/index.js";
import { fill, h } from "./dom.js";

const HUES = 8;

/** The best name there is for a user. @param {import("./view.js").State} state @param {string} user */
export function nameOf(state, user) {
    return state.people.get(user)?.name || state.rows.get(user)?.name || user;
}

/** People whose id, or a word of whose name, begins with `text`. @param {import("./view.js").State} state @param {string} text */
export function peopleMatching(state, text) {
    const start = text.replace(/^@/, "").toLocaleLowerCase();
    const { following, followers } = state.follows;
    const known = new Set([...following.users, ...followers.users, ...state.rows.keys()]);
    known.delete(state.user);
    return [...known].filter((user) => `${user} ${nameOf(state, user)}`.toLocaleLowerCase().split(/\s+/).some((word) => word.startsWith(start)));
}

/** A round element with a person's letters; the name stands beside it, so it says nothing to a screen reader. @param {string} user @param {string} name @param {string} [size] */
export function avatar(user, name, size = "") {
    const element = h("span", { class: `avatar ${size}`, "aria-hidden": "true" });
    updateAvatar(element, user, name);
    return element;
}

/** @param {HTMLElement} element @param {string} user @param {string} name */
export function updateAvatar(element, user, name) {
    const letters = initials(name);
    if (element.dataset.of === user && element.textContent === letters) return;
    element.dataset.of = user;
    element.dataset.hue = String(hue(user, HUES));
    element.textContent = letters;
}

/** A row of a list that leads to a person. @param {string} user @param {string} name */
export function userRow(user, name) {
    return h("li", {}, h("a", { class: "row", href: toPerson(user) }, avatar(user, name), h("span", { class: "grow text-column" }, bdi(name, "strong truncate"), h("span", { class: "secondary truncate" }, `@${user}`))));
}

/** A count, and what it counts for a screen reader. @param {HTMLElement} badge @param {number} n @param {string} key */
export function fillBadge(badge, n, key) {
    fill(badge, h("span", { "aria-hidden": "true" }, n > 99 ? "99+" : n), h("span", { class: "visually-hidden" }, t(key, { n })));
}

/** A name, which may be in any script and may not disturb the line that it stands in. @param {string} name @param {string} [kind] */
export function bdi(name, kind = "") {
    return h("bdi", { class: kind }, name);
}
