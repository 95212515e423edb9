/** A user's profile. */

import { t } from "../i18n/index.js";
import { toList, toThread } from "../store/route.js";
import { fill, h } from "./dom.js";
import { backLink, icon } from "./icons.js";
import { menu } from "./menu.js";
import { avatar, nameOf } from "./user-display.js";
import { peerActions } from "./thread-header.js";
import { View, app } from "./view.js";

export class ProfilePage extends View {
    /** @param {string} user */
    constructor(user) {
        super();
        this.user = user;
    }

    build() {
        this.className = "page";
        this.head = h("header", { class: "toolbar" });
        this.body = h("div", { class: "profile" });
        fill(this, this.head, this.body);
        app().engine.loadPerson(this.user);
        app().actions.loadPeople("following");
        app().actions.loadPeople("followers");
        this.reload = () => app().engine.loadPerson(this.user);
    }

    connectedCallback() {
        super.connectedCallback();
        if (this.reload) addEventListener("focus", this.reload);
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        if (this.reload) removeEventListener("focus", this.reload);
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { user, head, body } = this;
        if (!head || !body) return;
        const person = now.people.get(user);
        const row = now.rows.get(user);
        const follows = now.follows.following.users.includes(user);
        const follower = now.follows.followers.users.includes(user);
        const self = user === now.user;
        // Rendered separately, so that an open menu survives an update of the profile.
        if (changed(head, [person?.missing, now.route.list, self]))
            fill(
                head,
                backLink(toList(now.route.list)),
                h("h1", { class: "truncate" }, t(self ? "person.me" : "person.title")),
                !self && !person?.missing && menu(t("thread.menu"), () => peerActions(user)),
            );
        if (!changed(body, [person, row?.muted, row?.blocked, Boolean(row?.last), follows, follower, self])) return;
        const name = nameOf(now, user);
        const focused = document.activeElement instanceof HTMLElement && body.contains(document.activeElement) ? document.activeElement.dataset.name : undefined;
        fill(
            body,
            avatar(user, name, "huge"),
            h("h2", {}, h("bdi", {}, person?.missing ? t("person.missing") : name)),
            h("p", { class: "secondary" }, `@${user}`),
            follower && !self && h("p", { class: "chip" }, t("person.follower")),
            row?.blocked && h("p", { class: "chip danger-text" }, icon("blocked"), t("blocked")),
            row?.muted && h("p", { class: "chip" }, icon("muted"), t("muted")),
            self ? ownActions() : !person?.missing && profileActions(user, name, person?.can, Boolean(row?.last), follows, row?.blocked ?? false),
        );
        if (focused) /** @type {HTMLElement | null} */ (body.querySelector(`[data-name="${focused}"]`))?.focus();
    }
}

/** Whether the rendered input of an element changed. @param {HTMLElement} element @param {unknown[]} shown */
function changed(element, shown) {
    const key = JSON.stringify(shown);
    const before = element.dataset.of;
    element.dataset.of = key;
    return key !== before;
}

/** @param {string} user @param {string} name @param {string | undefined} can @param {boolean} hasMessages @param {boolean} follows @param {boolean} blocked */
function profileActions(user, name, can, hasMessages, follows, blocked) {
    const { actions } = app();
    const label = can === "yes" ? "person.message" : can === "knock" ? "person.knock" : hasMessages ? "person.see" : "";
    return [
        h(
            "div",
            { class: "row wrap justify-center" },
            label && h("a", { class: "button", href: toThread(user) }, icon(can === "knock" ? "door" : "messages"), t(label)),
            h("button", { type: "button", class: `button ${follows ? "plain" : label ? "plain" : ""}`, "data-name": "follow", "aria-pressed": follows ? "true" : "false", onclick: () => actions.follow(user, !follows) }, t(follows ? "person.unfollow" : "person.follow")),
            blocked && h("button", { type: "button", class: "button plain", "data-name": "unblock", onclick: () => actions.block(user, false) }, t("action.unblock", { name })),
        ),
        can === "no" && !blocked && h("p", { class: "secondary" }, t("person.closed", { name })),
        can === "knock" && h("p", { class: "secondary" }, t("person.knock.hint", { name })),
    ];
}

function ownActions() {
    return [
        h("p", { class: "secondary" }, t("person.self")),
        h("div", { class: "row wrap justify-center" }, h("a", { class: "button plain", href: "#/settings" }, icon("settings"), t("nav.settings")), h("button", { type: "button", class: "button plain", onclick: () => app().leave(false) }, icon("out"), t("logout.here"))),
    ];
}

customElements.define("bussa-profile", ProfilePage);
