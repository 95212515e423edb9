/** A person: who it is, and what one may do. */

import { t } from "../i18n/index.js";
import { toList, toThread } from "../store/route.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { menu } from "./menu.js";
import { avatar, nameOf } from "./person-parts.js";
import { peerDeeds } from "./thread-head.js";
import { View, app } from "./view.js";

export class Person extends View {
    /** @param {string} user */
    constructor(user) {
        super();
        this.user = user;
    }

    build() {
        this.className = "page";
        this.head = h("header", { class: "bar" });
        this.who = h("div", { class: "person" });
        fill(this, this.head, this.who);
        app().engine.person(this.user);
        app().deeds.people("following");
        app().deeds.people("followers");
        this.again = () => app().engine.person(this.user);
    }

    connectedCallback() {
        super.connectedCallback();
        if (this.again) addEventListener("focus", this.again);
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        if (this.again) removeEventListener("focus", this.again);
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { user, head, who } = this;
        if (!head || !who) return;
        const person = now.people.get(user);
        const row = now.rows.get(user);
        const follows = now.follows.following.users.includes(user);
        const follower = now.follows.followers.users.includes(user);
        const self = user === now.user;
        // Apart, so that a menu that is open stays open when something is heard of the person.
        if (changed(head, [person?.missing, now.route.list, self]))
            fill(
                head,
                h("a", { class: "icon-button phone-only", href: toList(now.route.list), "aria-label": t("back"), title: t("back") }, icon("back")),
                h("h1", { class: "cut" }, t(self ? "person.me" : "person.title")),
                !self && !person?.missing && menu(t("thread.menu"), () => peerDeeds(user)),
            );
        if (!changed(who, [person, row?.muted, row?.blocked, Boolean(row?.last), follows, follower, self])) return;
        const name = nameOf(now, user);
        const focused = document.activeElement instanceof HTMLElement && who.contains(document.activeElement) ? document.activeElement.dataset.name : undefined;
        fill(
            who,
            avatar(user, name, "huge"),
            h("h2", {}, h("bdi", {}, person?.missing ? t("person.missing") : name)),
            h("p", { class: "quiet" }, `@${user}`),
            follower && !self && h("p", { class: "chip" }, t("person.follower")),
            row?.blocked && h("p", { class: "chip danger-text" }, icon("blocked"), t("blocked")),
            row?.muted && h("p", { class: "chip" }, icon("muted"), t("muted")),
            self ? own() : !person?.missing && deeds(user, name, person?.can, Boolean(row?.last), follows, row?.blocked ?? false),
        );
        if (focused) /** @type {HTMLElement | null} */ (who.querySelector(`[data-name="${focused}"]`))?.focus();
    }
}

/** Whether an element is to show something else than it does. @param {HTMLElement} element @param {unknown[]} shown */
function changed(element, shown) {
    const key = JSON.stringify(shown);
    const before = element.dataset.of;
    element.dataset.of = key;
    return key !== before;
}

/** @param {string} user @param {string} name @param {string | undefined} can @param {boolean} talked @param {boolean} follows @param {boolean} blocked */
function deeds(user, name, can, talked, follows, blocked) {
    const { deeds: does } = app();
    const label = can === "yes" ? "person.message" : can === "knock" ? "person.knock" : talked ? "person.see" : "";
    return [
        h(
            "div",
            { class: "row wrap center-row" },
            label && h("a", { class: "button", href: toThread(user) }, icon(can === "knock" ? "door" : "messages"), t(label)),
            h("button", { type: "button", class: `button ${follows ? "plain" : label ? "plain" : ""}`, "data-name": "follow", "aria-pressed": follows ? "true" : "false", onclick: () => does.follow(user, !follows) }, t(follows ? "person.unfollow" : "person.follow")),
            blocked && h("button", { type: "button", class: "button plain", "data-name": "unblock", onclick: () => does.block(user, false) }, t("deed.unblock", { name })),
        ),
        can === "no" && !blocked && h("p", { class: "quiet" }, t("person.closed", { name })),
        can === "knock" && h("p", { class: "quiet" }, t("person.knock.hint", { name })),
    ];
}

function own() {
    return [
        h("p", { class: "quiet" }, t("person.self")),
        h("div", { class: "row wrap center-row" }, h("a", { class: "button plain", href: "#/settings" }, icon("settings"), t("nav.settings")), h("button", { type: "button", class: "button plain", onclick: () => app().leave(false) }, icon("out"), t("out.here"))),
    ];
}

customElements.define("bussa-person", Person);
