/** Before anybody is logged in: who is known here, signing up, logging in. */

import * as accounts from "../app/accounts.js";
import { BussaError, RefusedError, logIn, signUp } from "../bussa.js";
import { t } from "../i18n/index.js";
import { fill, h, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, bdi } from "./person-parts.js";

const ID = /^[A-Za-z0-9_.:-]{1,64}$/;

export class Welcome extends HTMLElement {
    /**
     * @param {(account: accounts.Account) => void} enter
     * @param {string | null} why what happened before
     * @param {string} user who is asked for a password again
     */
    constructor(enter, why, user) {
        super();
        this.enter = enter;
        this.why = why;
        this.joining = !user && accounts.all().length === 0;
        this.user = user;
    }

    connectedCallback() {
        const known = accounts.all();
        this.form = h("form", { class: "card stack", novalidate: true, onsubmit: (/** @type {Event} */ e) => this.submit(e) });
        fill(
            this,
            h(
                "main",
                { class: "welcome", id: "main" },
                h(
                    "header",
                    { class: "welcome-head" },
                    h("span", { class: "logo" }, icon("door")),
                    h("h1", {}, "Bussa"),
                    h("p", { class: "lead" }, t("welcome.lead")),
                ),
                this.why && h("p", { class: "note warn", role: "alert" }, icon("lock"), h("span", {}, this.why)),
                known.length > 0 && !this.why && this.chooser(known),
                this.form,
            ),
        );
        this.draw();
    }

    /** @param {accounts.Account[]} known */
    chooser(known) {
        return h(
            "section",
            { class: "card stack", "aria-label": t("welcome.here") },
            h("h2", {}, t("welcome.here")),
            h(
                "ul",
                { class: "plain-list" },
                known.map((account) =>
                    h(
                        "li",
                        {},
                        h(
                            "button",
                            { type: "button", class: "row-button", onclick: () => this.enter(account) },
                            avatar(account.user, account.name || account.user),
                            h("span", { class: "grow" }, bdi(account.name || account.user, "strong"), h("span", { class: "quiet" }, `@${account.user}`)),
                            h("span", { class: "quiet" }, t("welcome.go")),
                        ),
                    ),
                ),
            ),
        );
    }

    draw() {
        const { joining } = this;
        this.failure = h("p", { class: "failure", role: "alert", hidden: true });
        this.id_ = field("user", t("welcome.user"), { autocomplete: "username", hint: joining ? t("welcome.user.hint") : "", value: this.user });
        this.name_ = joining ? field("name", t("welcome.name"), { autocomplete: "name", maxlength: "100", hint: t("welcome.name.hint") }) : null;
        this.password = field("password", t("welcome.password"), {
            type: "password",
            autocomplete: joining ? "new-password" : "current-password",
        });
        this.submitButton = h("button", { type: "submit", class: "button wide" }, t(joining ? "welcome.join" : "welcome.login"));
        fill(
            /** @type {HTMLElement} */ (this.form),
            h("h2", {}, t(joining ? "welcome.join.title" : "welcome.login.title")),
            this.id_.box,
            this.name_?.box,
            this.password.box,
            this.failure,
            this.submitButton,
            h(
                "p",
                { class: "quiet center" },
                t(joining ? "welcome.have" : "welcome.havenot"),
                " ",
                h("button", { type: "button", class: "link", onclick: () => this.turn() }, t(joining ? "welcome.login" : "welcome.join")),
            ),
        );
        (this.user ? this.password : this.id_).input.focus();
    }

    turn() {
        this.user = this.id_?.input.value.trim() ?? "";
        this.joining = !this.joining;
        this.draw();
    }

    /** @param {Event} event */
    async submit(event) {
        event.preventDefault();
        const user = this.id_?.input.value.trim().replace(/^@/, "") ?? "";
        const password = this.password?.input.value ?? "";
        const name = this.name_?.input.value.trim() || undefined;
        if (!ID.test(user)) return this.fail("welcome.bad.user", this.id_);
        if (!password) return this.fail("welcome.bad.password", this.password);
        this.submitButton?.setAttribute("aria-busy", "true");
        try {
            const ask = this.joining ? signUp(location.origin, user, password, name) : logIn(location.origin, user, password);
            this.enter({ ...(await ask), name: name ?? user });
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            this.fail(error instanceof RefusedError ? `welcome.${error.code}` : "error.lost", this.joining ? this.id_ : this.password);
        } finally {
            this.submitButton?.removeAttribute("aria-busy");
        }
    }

    /** @param {string} key @param {{input: HTMLInputElement} | undefined} at */
    fail(key, at) {
        const known = ["welcome.taken", "welcome.unauthenticated", "welcome.bad.user", "welcome.bad.password", "welcome.not_found", "error.lost"];
        if (!this.failure) return;
        setText(this.failure, t(known.includes(key) ? key : key.replace("welcome.", "error.")));
        show(this.failure, true);
        at?.input.focus();
    }
}

/** @param {string} name @param {string} label @param {Record<string, string>} more */
function field(name, label, { hint = "", ...more }) {
    const id = `field-${name}`;
    const input = h("input", {
        ...{ id, name, type: "text", class: "input", autocapitalize: "none", spellcheck: "false" },
        ...(hint ? { "aria-describedby": `${id}-hint` } : {}),
        ...more,
    });
    const box = h("div", { class: "field" }, h("label", { for: id }, label), input, hint && h("p", { class: "hint", id: `${id}-hint` }, hint));
    return { box, input };
}

customElements.define("bussa-welcome", Welcome);
