/** How users are displayed: name, avatar, list row, badge. */

import { toPerson } from "../store/route.js";
import { hue, initials } from "../text/characters.js";
import { t } from "../i18n/index.js";
import { fill, h } from "./dom.js";

const HUES = 8;

/** The display name of a user, or the id. @param {import("./view.js").State} state @param {string} user */
export function nameOf(state, user) {
    return state.people.get(user)?.name || state.rows.get(user)?.name || user;
}

/** Known people whose id or name has a word with this prefix. @param {import("./view.js").State} state @param {string} text */
export function peopleMatching(state, text) {
    const start = text.replace(/^@/, "").toLocaleLowerCase();
    const { following, followers } = state.follows;
    const known = new Set([...following.users, ...followers.users, ...state.rows.keys()]);
    known.delete(state.user);
    return [...known].filter((user) => `${user} ${nameOf(state, user)}`.toLocaleLowerCase().split(/\s+/).some((word) => word.startsWith(start)));
}

/** An avatar with initials. Hidden from screen readers: the name is beside it. @param {string} user @param {string} name @param {string} [size] */
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

/** A list row that links to a profile. @param {string} user @param {string} name */
export function userRow(user, name) {
    return h("li", {}, h("a", { class: "row", href: toPerson(user) }, avatar(user, name), h("span", { class: "grow text-column" }, bdi(name, "strong truncate"), h("span", { class: "secondary truncate" }, `@${user}`))));
}

/** A count, with its meaning for screen readers. @param {HTMLElement} badge @param {number} n @param {string} key */
export function fillBadge(badge, n, key) {
    fill(badge, h("span", { "aria-hidden": "true" }, n > 99 ? "99+" : n), h("span", { class: "visually-hidden" }, t(key, { n })));
}

/** A name with isolated text direction. @param {string} name @param {string} [kind] */
export function bdi(name, kind = "") {
    return h("bdi", { class: kind }, name);
}
