/** The page after login: navigation, list pane and main pane. */

import { t } from "../i18n/index.js";
import { knockTotal, unreadTotal } from "../store/conversations.js";
import { toList, toPerson } from "../store/route.js";
import "./banner.js";
import { fill, h, setAttr, setText, setVisible } from "./dom.js";
import { icon } from "./icons.js";
import { Conversations } from "./conversations.js";
import { NewConversation } from "./new-conversation.js";
import { avatar, fillBadge, nameOf, updateAvatar } from "./user-display.js";
import { People } from "./people.js";
import { ProfilePage } from "./profile.js";
import { SettingsView } from "./settings.js";
import { Thread } from "./thread.js";
import { View, state } from "./view.js";

/** @typedef {import("./view.js").State} State */

export class AppShell extends View {
    build() {
        const { user } = state();
        this.avatar = avatar(user, user, "small");
        this.profileLink = h("a", { class: "nav-link nav-profile", href: toPerson(user) }, this.avatar, h("span", {}, t("nav.me")));
        this.unread = h("span", { class: "badge", hidden: true });
        this.knocks = h("span", { class: "badge", hidden: true });
        /** @type {[string, HTMLAnchorElement][]} */
        this.links = [
            ["inbox", link("#/", "messages", t("nav.messages"), this.unread)],
            ["knocks", link("#/knocks", "door", t("nav.knocks"), this.knocks)],
            ["people", link("#/following", "people", t("nav.people"))],
            ["settings", link("#/settings", "settings", t("nav.settings"))],
        ];
        this.listPane = h("section", { class: "list-pane" });
        this.mainPane = h("div", { class: "main-pane", tabindex: "-1" });
        this.layout = h(
            "div",
            { class: "layout" },
            h("a", { class: "skip-link", href: "#main", onclick: (event) => this.skipToContent(event) }, t("a11y.skip")),
            h(
                "nav",
                { class: "nav-rail", "aria-label": t("nav.label") },
                h("a", { class: "logo small", href: "#/", "aria-label": t("nav.home") }, icon("door")),
                ...this.links.map(([, element]) => element),
                this.profileLink,
            ),
            h("div", { class: "content" }, document.createElement("bussa-banner"), h("main", { class: "panes", id: "main", tabindex: "-1" }, this.listPane, this.mainPane)),
        );
        fill(this, this.layout);
        this.addEventListener("keydown", (event) => this.onKey(event));
    }

    /** @param {State} now */
    update(now) {
        const { route } = now;
        this.updateBadge(this.unread, unreadTotal(now.rows), "list.unread");
        this.updateBadge(this.knocks, knockTotal(now.rows), "list.knocks");
        if (this.avatar) updateAvatar(this.avatar, now.user, nameOf(now, now.user));
        const isPeople = route.list === "following" || route.list === "followers";
        const place = route.main === "settings" ? "settings" : isPeople ? "people" : route.list;
        const isSelf = route.main === "person" && route.peer === now.user;
        for (const [name, element] of this.links ?? []) setAttr(element, "aria-current", name === place && !isSelf ? "page" : null);
        if (this.profileLink) setAttr(this.profileLink, "aria-current", isSelf ? "page" : null);
        if (this.layout) this.layout.dataset.main = route.main;
        this.swap(this.listPane, isPeople ? "people" : "list", () => (isPeople ? new People() : new Conversations()));
        const key = `${route.main} ${route.peer}`;
        const { mainPane } = this;
        const swapped = this.swap(mainPane, key, () => mainView(now));
        // Move focus to the new view, unless the view has set it itself.
        if (swapped && route.main !== "none" && this.shown && !mainPane?.contains(document.activeElement)) mainPane?.focus({ preventScroll: true });
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
    updateBadge(badge, count, key) {
        if (!badge) return;
        setVisible(badge, count > 0);
        fillBadge(badge, count, key);
    }

    /** The hash is the route, so the skip link cannot be a plain fragment link. @param {Event} event */
    skipToContent(event) {
        event.preventDefault();
        const list = /** @type {HTMLElement | null | undefined} */ (this.listPane?.querySelector("input, a"));
        (state().route.main === "none" ? list : this.mainPane)?.focus();
    }

    /** @param {KeyboardEvent} event */
    onKey(event) {
        if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
        const { route } = state();
        if (route.main !== "none") location.hash = toList(route.list);
    }
}

/** @param {string} href @param {string} name @param {string} label @param {HTMLElement} [badge] */
function link(href, name, label, badge) {
    return h("a", { class: "nav-link", href }, h("span", { class: "nav-icon" }, icon(name), badge), h("span", {}, label));
}

/** @param {State} now */
function mainView(now) {
    const { route } = now;
    if (route.main === "thread" && route.peer !== now.user) return new Thread(route.peer);
    if (route.main === "person" || route.main === "thread") return new ProfilePage(route.peer);
    if (route.main === "settings") return new SettingsView();
    if (route.main === "new") return new NewConversation();
    return emptyView();
}

function emptyView() {
    const heading = h("h2", {});
    setText(heading, t("empty.title"));
    return h(
        "div",
        { class: "empty-state" },
        h("span", { class: "logo big" }, icon("door")),
        heading,
        h("p", { class: "secondary" }, t("empty.text")),
        h("a", { class: "button", href: "#/new" }, icon("write"), t("new.open")),
    );
}

customElements.define("bussa-app-shell", AppShell);
