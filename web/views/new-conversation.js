/** Chooses a recipient: by user name, or from known people. */

import { BussaError, ApiError } from "../bussa.js";
import { t } from "../i18n/index.js";
import { isUserId, toList, toPerson } from "../store/route.js";
import { fill, h, setText } from "./dom.js";
import { backLink } from "./icons.js";
import { nameOf, peopleMatching, userRow } from "./user-display.js";
import { View, app, state } from "./view.js";

const MAX_SUGGESTIONS = 12;

export class NewConversation extends View {
    build() {
        this.className = "page";
        this.input = h("input", {
            ...{ type: "text", id: "find", class: "input", autocomplete: "off", autocapitalize: "none", spellcheck: "false" },
            ...{ "aria-describedby": "find-hint", maxlength: "65" },
            oninput: () => this.refresh(),
        });
        this.failure = h("p", { class: "error-text", role: "alert" });
        this.list = h("ul", { class: "rows plain-list" });
        const form = h(
            "form",
            { class: "stack", onsubmit: (event) => this.find(event) },
            h("label", { for: "find" }, t("new.label")),
            h("div", { class: "row" }, this.input, h("button", { type: "submit", class: "button" }, t("new.go"))),
            h("p", { class: "hint", id: "find-hint" }, t("new.hint")),
            this.failure,
        );
        const secondWindow = h("a", { class: "link", href: location.pathname, target: "_blank", rel: "noopener" }, t("list.account"));
        fill(
            this,
            h("header", { class: "toolbar" }, backLink(toList(state().route.list)), h("h1", {}, t("new.open"))),
            h("div", { class: "form-column stack" }, form, this.list, h("p", { class: "secondary" }, t("new.second"), " ", secondWindow)),
        );
        app().actions.loadPeople("following");
        app().actions.loadPeople("followers");
    }

    connectedCallback() {
        super.connectedCallback();
        this.input?.focus();
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const shown = peopleMatching(now, this.input?.value.trim() ?? "").slice(0, MAX_SUGGESTIONS);
        const key = shown.map((user) => `${user} ${nameOf(now, user)}`).join("\n");
        if (!this.list || this.list.dataset.of === key) return;
        this.list.dataset.of = key;
        for (const user of shown) app().engine.loadPerson(user, false);
        fill(
            this.list,
            shown.map((user) => userRow(user, nameOf(now, user))),
        );
    }

    /** @param {Event} event */
    async find(event) {
        event.preventDefault();
        const user = this.input?.value.trim().replace(/^@/, "") ?? "";
        if (!this.failure) return;
        setText(this.failure, "");
        if (!isUserId(user)) return setText(this.failure, t("login.invalid.user"));
        try {
            await app().engine.client.profile(user);
            location.hash = toPerson(user);
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            setText(this.failure, error instanceof ApiError ? t("new.nobody", { user }) : t("error.lost"));
        }
    }
}

customElements.define("bussa-new-conversation", NewConversation);
