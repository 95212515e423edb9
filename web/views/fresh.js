/** Whom to write to: by id, or one of those whom one knows. */

import { BussaError, RefusedError } from "../bussa.js";
import { t } from "../i18n/index.js";
import { toList, toPerson } from "../store/route.js";
import { fill, h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, bdi, nameOf } from "./person-parts.js";
import { View, app, state } from "./view.js";

const ID = /^[A-Za-z0-9_.:-]{1,64}$/;
const SHOWN = 12;

export class Fresh extends View {
    build() {
        this.className = "page";
        this.input = h("input", {
            ...{ type: "text", id: "find", class: "input", autocomplete: "off", autocapitalize: "none", spellcheck: "false" },
            ...{ "aria-describedby": "find-hint", maxlength: "65" },
            oninput: () => this.refresh(),
        });
        this.failure = h("p", { class: "failure", role: "alert" });
        this.list = h("ul", { class: "rows plain-list" });
        const form = h(
            "form",
            { class: "stack", onsubmit: (/** @type {Event} */ event) => this.find(event) },
            h("label", { for: "find" }, t("new.label")),
            h("div", { class: "row" }, this.input, h("button", { type: "submit", class: "button" }, t("new.go"))),
            h("p", { class: "hint", id: "find-hint" }, t("new.hint")),
            this.failure,
        );
        const second = h("a", { class: "link", href: location.pathname, target: "_blank", rel: "noopener" }, t("list.second"));
        fill(
            this,
            h("header", { class: "bar" }, h("a", { class: "icon-button phone-only", href: toList(state().route.list), "aria-label": t("back"), title: t("back") }, icon("back")), h("h1", {}, t("new.open"))),
            h("div", { class: "narrow stack" }, form, this.list, h("p", { class: "quiet" }, t("new.second"), " ", second)),
        );
        app().deeds.people("following");
        app().deeds.people("followers");
    }

    connectedCallback() {
        super.connectedCallback();
        this.input?.focus();
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const start = (this.input?.value.trim().replace(/^@/, "") ?? "").toLocaleLowerCase();
        const known = [...new Set([...now.follows.following.users, ...now.follows.followers.users, ...now.rows.keys()])];
        const fits = known.filter((user) => user !== now.user && `${user} ${nameOf(now, user)}`.toLocaleLowerCase().split(/\s+/).some((word) => word.startsWith(start)));
        const shown = fits.slice(0, SHOWN);
        const key = shown.map((user) => `${user} ${nameOf(now, user)}`).join("\n");
        if (!this.list || this.list.dataset.of === key) return;
        this.list.dataset.of = key;
        for (const user of shown) app().engine.person(user, false);
        fill(
            this.list,
            shown.map((user) =>
                h("li", {}, h("a", { class: "row", href: toPerson(user) }, avatar(user, nameOf(now, user)), h("span", { class: "grow two" }, bdi(nameOf(now, user), "strong cut"), h("span", { class: "quiet cut" }, `@${user}`)))),
            ),
        );
    }

    /** @param {Event} event */
    async find(event) {
        event.preventDefault();
        const user = this.input?.value.trim().replace(/^@/, "") ?? "";
        if (!this.failure) return;
        setText(this.failure, "");
        if (!ID.test(user)) return setText(this.failure, t("welcome.bad.user"));
        try {
            await app().engine.me.profile(user);
            location.hash = toPerson(user);
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            setText(this.failure, error instanceof RefusedError ? t("new.nobody", { user }) : t("error.lost"));
        }
    }
}

customElements.define("bussa-fresh", Fresh);
