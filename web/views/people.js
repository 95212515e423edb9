/** Whom one follows, and who follows back. */

import { t } from "../i18n/index.js";
import { toPerson } from "../store/route.js";
import { fill, h, reconcile, setAttr, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, nameOf, paint } from "./person-parts.js";
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
        this.nothing = h("div", { class: "list-empty" }, icon("people"), h("p", { class: "quiet" }));
        this.watcher = new IntersectionObserver((seen) => {
            for (const { isIntersecting, target } of seen) {
                if (isIntersecting && target instanceof HTMLElement) app().engine.person(target.dataset.key ?? "", false);
            }
        });
        fill(
            this,
            h("header", { class: "bar" }, h("h1", {}, t("nav.people")), h("a", { class: "icon-button", href: "#/new", "aria-label": t("people.find"), title: t("people.find") }, icon("search"))),
            h("nav", { class: "tabs", "aria-label": t("people.tabs") }, this.tabs),
            h("div", { class: "scroller", onscroll: (/** @type {Event} */ event) => this.scrolled(/** @type {HTMLElement} */ (event.target)) }, this.list, this.nothing),
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
        if (this.which !== which && now.status === "live") {
            this.which = which;
            app().deeds.people(which);
        }
        WHICH.forEach((name, index) => {
            const tab = this.tabs?.[index];
            if (tab) setAttr(tab, "aria-current", name === which ? "page" : null);
        });
        const { users, loaded } = now.follows[which];
        const { list, nothing } = this;
        if (!list || !nothing) return;
        reconcile(
            list,
            users,
            (user) => user,
            (user) => {
                const item = personItem(user);
                this.watcher?.observe(item);
                return item;
            },
            (item, user) => patchItem(item, user, now),
        );
        show(nothing, loaded && users.length === 0);
        const words = nothing.querySelector("p");
        if (words) setText(words, t(`people.no.${which}`));
    }

    /** @param {HTMLElement} box */
    scrolled(box) {
        const near = box.scrollHeight - box.scrollTop - box.clientHeight < 600;
        if (near && this.which && state().follows[this.which].next !== null) app().deeds.people(this.which, true);
    }
}

/** @param {string} user */
function personItem(user) {
    return h(
        "li",
        {},
        h("a", { class: "row", href: toPerson(user) }, avatar(user, user), h("span", { class: "grow two" }, h("bdi", { class: "strong cut" }), h("span", { class: "quiet cut" }, `@${user}`))),
    );
}

/** @param {HTMLElement} item @param {string} user @param {import("./view.js").State} now */
function patchItem(item, user, now) {
    const name = nameOf(now, user);
    const face = item.querySelector(".avatar");
    const words = item.querySelector("bdi");
    if (face instanceof HTMLElement) paint(face, user, name);
    if (words) setText(words, name);
    const current = now.route.main === "person" && now.route.peer === user;
    const link = item.firstElementChild;
    if (link) setAttr(link, "aria-current", current ? "page" : null);
}

customElements.define("bussa-people", People);
