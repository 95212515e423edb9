/** The page of somebody who is logged in: where to go, the list, and what is open beside it. */

import { t } from "../i18n/index.js";
import { knockTotal, unreadTotal } from "../store/conversations.js";
import { toList, toPerson } from "../store/route.js";
import "./banner.js";
import { fill, h, setAttr, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { Conversations } from "./conversations.js";
import { Fresh } from "./fresh.js";
import { avatar, nameOf, paint } from "./person-parts.js";
import { People } from "./people.js";
import { Person } from "./person.js";
import { SettingsView } from "./settings.js";
import { Thread } from "./thread.js";
import { View, state } from "./view.js";

/** @typedef {import("./view.js").State} State */

export class Home extends View {
    build() {
        const { user } = state();
        this.face = avatar(user, user, "small");
        this.self = h("a", { class: "rail-link self", href: toPerson(user) }, this.face, h("span", {}, t("nav.me")));
        this.unread = h("span", { class: "badge", hidden: true });
        this.knocks = h("span", { class: "badge", hidden: true });
        /** @type {[string, HTMLAnchorElement][]} */
        this.links = [
            ["inbox", link("#/", "messages", t("nav.messages"), this.unread)],
            ["knocks", link("#/knocks", "door", t("nav.knocks"), this.knocks)],
            ["people", link("#/following", "people", t("nav.people"))],
            ["settings", link("#/settings", "settings", t("nav.settings"))],
        ];
        this.aside = h("section", { class: "column" });
        this.pane = h("div", { class: "main", tabindex: "-1" });
        this.frame = h(
            "div",
            { class: "frame" },
            h("a", { class: "skip", href: "#main", onclick: (/** @type {Event} */ event) => this.skip(event) }, t("a11y.skip")),
            h(
                "nav",
                { class: "rail", "aria-label": t("nav.label") },
                h("a", { class: "logo small", href: "#/", "aria-label": t("nav.home") }, icon("door")),
                ...this.links.map(([, element]) => element),
                this.self,
            ),
            h("div", { class: "columns" }, document.createElement("bussa-banner"), h("main", { class: "both", id: "main", tabindex: "-1" }, this.aside, this.pane)),
        );
        fill(this, this.frame);
        this.addEventListener("keydown", (event) => this.key(event));
    }

    /** @param {State} now */
    update(now) {
        const { route } = now;
        this.badge(this.unread, unreadTotal(now.rows), "list.unread");
        this.badge(this.knocks, knockTotal(now.rows), "list.knocks");
        if (this.face) paint(this.face, now.user, nameOf(now, now.user));
        const isPeople = route.list === "following" || route.list === "followers";
        const place = route.main === "settings" ? "settings" : isPeople ? "people" : route.list;
        const isSelf = route.main === "person" && route.peer === now.user;
        for (const [name, element] of this.links ?? []) setAttr(element, "aria-current", name === place && !isSelf ? "page" : null);
        if (this.self) setAttr(this.self, "aria-current", isSelf ? "page" : null);
        if (this.frame) this.frame.dataset.main = route.main;
        this.swap(this.aside, isPeople ? "people" : "list", () => (isPeople ? new People() : new Conversations()));
        const key = `${route.main} ${route.peer}`;
        const { pane } = this;
        const moved = this.swap(pane, key, () => content(now));
        // Whoever follows a link is where it leads, unless the view has a better place for them.
        if (moved && route.main !== "none" && this.shown && !pane?.contains(document.activeElement)) pane?.focus({ preventScroll: true });
        this.shown = true;
    }

    /** @param {HTMLElement | undefined} place @param {string} key @param {() => HTMLElement} make */
    swap(place, key, make) {
        if (!place || place.dataset.shows === key) return false;
        place.dataset.shows = key;
        fill(place, make());
        return true;
    }

    /** @param {HTMLElement | undefined} badge @param {number} count @param {string} key */
    badge(badge, count, key) {
        if (!badge) return;
        show(badge, count > 0);
        fill(badge, h("span", { "aria-hidden": "true" }, count > 99 ? "99+" : count), h("span", { class: "vh" }, t(key, { n: count })));
    }

    /** The address is the route, so a fragment cannot be followed. @param {Event} event */
    skip(event) {
        event.preventDefault();
        const list = /** @type {HTMLElement | null | undefined} */ (this.aside?.querySelector("input, a"));
        (state().route.main === "none" ? list : this.pane)?.focus();
    }

    /** @param {KeyboardEvent} event */
    key(event) {
        if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
        const { route } = state();
        if (route.main !== "none") location.hash = toList(route.list);
    }
}

/** @param {string} href @param {string} sign @param {string} label @param {HTMLElement} [badge] */
function link(href, sign, label, badge) {
    return h("a", { class: "rail-link", href }, h("span", { class: "rail-icon" }, icon(sign), badge), h("span", {}, label));
}

/** @param {State} now */
function content(now) {
    const { route } = now;
    if (route.main === "thread" && route.peer !== now.user) return new Thread(route.peer);
    if (route.main === "person" || route.main === "thread") return new Person(route.peer);
    if (route.main === "settings") return new SettingsView();
    if (route.main === "new") return new Fresh();
    return empty();
}

function empty() {
    const heading = h("h2", {});
    setText(heading, t("empty.title"));
    return h(
        "div",
        { class: "empty" },
        h("span", { class: "logo big" }, icon("door")),
        heading,
        h("p", { class: "quiet" }, t("empty.text")),
        h("a", { class: "button", href: "#/new" }, icon("write"), t("new.open")),
    );
}

customElements.define("bussa-home", Home);
