/** Before anybody is logged in: who is known here, signing up, logging in. */

import * as accounts from "../app/accounts.js";
import { BussaError, RefusedError, logIn, signUp } from "../bussa.js";
import { t } from "../i18n/index.js";
import { isUserId } from "../store/route.js";
import { fill, h, setText, setVisible } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, bdi } from "./user-display.js";

export class LoginPage extends HTMLElement {
    /**
     * @param {(account: accounts.Account) => void} enter
     * @param {string | null} notice what happened before
     * @param {string} user who is asked for a password again
     */
    constructor(enter, notice, user) {
        super();
        this.enter = enter;
        this.notice = notice;
        this.signingUp = !user && accounts.all().length === 0;
        this.user = user;
    }

    connectedCallback() {
        const known = accounts.all();
        this.form = h("form", { class: "card stack", novalidate: true, onsubmit: (event) => this.submit(event) });
        fill(
            this,
            h(
                "main",
                { class: "login", id: "main" },
                h(
                    "header",
                    { class: "login-header" },
                    h("span", { class: "logo" }, icon("door")),
                    h("h1", {}, "Bussa"),
                    h("p", { class: "tagline" }, t("welcome.lead")),
                ),
                this.notice && h("p", { class: "notice warn", role: "alert" }, icon("lock"), h("span", {}, this.notice)),
                known.length > 0 && !this.notice && this.accountList(known),
                this.form,
            ),
        );
        this.render();
    }

    /** @param {accounts.Account[]} known */
    accountList(known) {
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
                            h("span", { class: "grow" }, bdi(account.name || account.user, "strong"), h("span", { class: "secondary" }, `@${account.user}`)),
                            h("span", { class: "secondary" }, t("welcome.go")),
                        ),
                    ),
                ),
            ),
        );
    }

    render() {
        const { signingUp } = this;
        this.failure = h("p", { class: "error-text", role: "alert", hidden: true });
        this.userField = field("user", t("welcome.user"), { autocomplete: "username", hint: signingUp ? t("welcome.user.hint") : "", value: this.user });
        this.nameField = signingUp ? field("name", t("welcome.name"), { autocomplete: "name", maxlength: "100", hint: t("welcome.name.hint") }) : null;
        this.passwordField = field("password", t("welcome.password"), {
            type: "password",
            autocomplete: signingUp ? "new-password" : "current-password",
        });
        this.submitButton = h("button", { type: "submit", class: "button wide" }, t(signingUp ? "welcome.join" : "welcome.login"));
        fill(
            /** @type {HTMLElement} */ (this.form),
            h("h2", {}, t(signingUp ? "welcome.join.title" : "welcome.login.title")),
            this.userField.box,
            this.nameField?.box,
            this.passwordField.box,
            this.failure,
            this.submitButton,
            h(
                "p",
                { class: "secondary center" },
                t(signingUp ? "welcome.have" : "welcome.havenot"),
                " ",
                h("button", { type: "button", class: "link", onclick: () => this.switchMode() }, t(signingUp ? "welcome.login" : "welcome.join")),
            ),
        );
        (this.user ? this.passwordField : this.userField).input.focus();
    }

    switchMode() {
        this.user = this.userField?.input.value.trim() ?? "";
        this.signingUp = !this.signingUp;
        this.render();
    }

    /** @param {Event} event */
    async submit(event) {
        event.preventDefault();
        const user = this.userField?.input.value.trim().replace(/^@/, "") ?? "";
        const password = this.passwordField?.input.value ?? "";
        const name = this.nameField?.input.value.trim() || undefined;
        if (!isUserId(user)) return this.fail("welcome.bad.user", this.userField);
        if (!password) return this.fail("welcome.bad.password", this.passwordField);
        this.submitButton?.setAttribute("aria-busy", "true");
        try {
            const request = this.signingUp ? signUp(location.origin, user, password, name) : logIn(location.origin, user, password);
            this.enter({ ...(await request), name: name ?? user });
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            this.fail(error instanceof RefusedError ? `welcome.${error.code}` : "error.lost", this.signingUp ? this.userField : this.passwordField);
        } finally {
            this.submitButton?.removeAttribute("aria-busy");
        }
    }

    /** @param {string} key @param {{input: HTMLInputElement} | undefined} at */
    fail(key, at) {
        const known = ["welcome.taken", "welcome.unauthenticated", "welcome.bad.user", "welcome.bad.password", "welcome.not_found", "error.lost"];
        if (!this.failure) return;
        setText(this.failure, t(known.includes(key) ? key : key.replace("welcome.", "error.")));
        setVisible(this.failure, true);
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

customElements.define("bussa-login-page", LoginPage);
