/** Following and followers. */

import { t } from "../i18n/index.js";
import { fill, h, reconcile, setAttr, setText, setVisible } from "./dom.js";
import { icon, iconLink } from "./icons.js";
import { nameOf, updateAvatar, userRow } from "./user-display.js";
import { View, app, state } from "./view.js";

const WHICH = /** @type {const} */ (["following", "followers"]);

export class People extends View {
    /** @type {"following" | "followers" | undefined} */
    which;

    build() {
        this.className = "list-view";
        this.setAttribute("role", "region");
        this.setAttribute("aria-label", t("nav.people"));
        this.tabs = WHICH.map((which) => h("a", { class: "tab", href: `#/${which}` }, t(`people.${which}`)));
        this.list = h("ul", { class: "rows plain-list" });
        this.empty = h("div", { class: "list-empty" }, icon("people"), h("p", { class: "secondary" }));
        this.watcher = new IntersectionObserver((seen) => {
            for (const { isIntersecting, target } of seen) {
                if (isIntersecting && target instanceof HTMLElement) app().engine.loadPerson(target.dataset.key ?? "", false);
            }
        });
        fill(
            this,
            h("header", { class: "toolbar" }, h("h1", {}, t("nav.people")), iconLink("#/new", "search", t("people.find"))),
            h("nav", { class: "tabs", "aria-label": t("people.tabs") }, this.tabs),
            (this.scroller = h("div", { class: "scroller", onscroll: () => this.onScroll() }, this.list, this.empty)),
        );
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        this.watcher?.disconnect();
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        /** @type {"following" | "followers"} */
        const which = now.route.list === "followers" ? "followers" : "following";
        if (this.which !== which && now.status === "connected") {
            this.which = which;
            app().actions.loadPeople(which);
        }
        WHICH.forEach((name, index) => {
            const tab = this.tabs?.[index];
            if (tab) setAttr(tab, "aria-current", name === which ? "page" : null);
        });
        const { users, loaded } = now.follows[which];
        const { list, empty } = this;
        if (!list || !empty) return;
        reconcile(
            list,
            users,
            (user) => user,
            (user) => {
                const item = userRow(user, user);
                this.watcher?.observe(item);
                return item;
            },
            (item, user) => patchItem(item, user, now),
        );
        setVisible(empty, loaded && users.length === 0);
        const label = empty.querySelector("p");
        if (label) setText(label, t(`people.no.${which}`));
    }

    onScroll() {
        const box = this.scroller;
        const nearEnd = box && box.scrollHeight - box.scrollTop - box.clientHeight < 600;
        if (nearEnd && this.which && state().follows[this.which].next !== null) app().actions.loadPeople(this.which, true);
    }
}

/** @param {HTMLElement} item @param {string} user @param {import("./view.js").State} now */
function patchItem(item, user, now) {
    const name = nameOf(now, user);
    const face = item.querySelector(".avatar");
    const label = item.querySelector("bdi");
    if (face instanceof HTMLElement) updateAvatar(face, user, name);
    if (label) setText(label, name);
    const current = now.route.main === "person" && now.route.peer === user;
    const link = item.firstElementChild;
    if (link) setAttr(link, "aria-current", current ? "page" : null);
}

customElements.define("bussa-people", People);
