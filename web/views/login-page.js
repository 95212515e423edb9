/** Login, sign-up, and the accounts known to this browser. */

import * as accounts from "../app/accounts.js";
import { BussaError, ApiError, logIn, signUp } from "../bussa.js";
import { t } from "../i18n/index.js";
import { isUserId } from "../store/route.js";
import { fill, h, setText, setVisible } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, bdi } from "./user-display.js";

export class LoginPage extends HTMLElement {
    /**
     * @param {(account: accounts.Account) => void} enter
     * @param {string | null} notice why the session ended
     * @param {string} user prefills the user name
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
                    h("p", { class: "tagline" }, t("login.lead")),
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
            { class: "card stack", "aria-label": t("login.accounts") },
            h("h2", {}, t("login.accounts")),
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
                            h("span", { class: "secondary" }, t("login.open")),
                        ),
                    ),
                ),
            ),
        );
    }

    render() {
        const { signingUp } = this;
        this.failure = h("p", { class: "error-text", role: "alert", hidden: true });
        this.userField = field("user", t("login.user"), { autocomplete: "username", hint: signingUp ? t("login.user.hint") : "", value: this.user });
        this.nameField = signingUp ? field("name", t("login.name"), { autocomplete: "name", maxlength: "100", hint: t("login.name.hint") }) : null;
        this.passwordField = field("password", t("login.password"), {
            type: "password",
            autocomplete: signingUp ? "new-password" : "current-password",
        });
        this.submitButton = h("button", { type: "submit", class: "button wide" }, t(signingUp ? "login.signup" : "login.submit"));
        fill(
            /** @type {HTMLElement} */ (this.form),
            h("h2", {}, t(signingUp ? "login.signup.title" : "login.title")),
            this.userField.box,
            this.nameField?.box,
            this.passwordField.box,
            this.failure,
            this.submitButton,
            h(
                "p",
                { class: "secondary center" },
                t(signingUp ? "login.have" : "login.new"),
                " ",
                h("button", { type: "button", class: "link", onclick: () => this.switchMode() }, t(signingUp ? "login.submit" : "login.signup")),
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
        if (!isUserId(user)) return this.fail("login.invalid.user", this.userField);
        if (!password) return this.fail("login.invalid.password", this.passwordField);
        this.submitButton?.setAttribute("aria-busy", "true");
        try {
            const request = this.signingUp ? signUp(location.origin, user, password, name) : logIn(location.origin, user, password);
            this.enter({ ...(await request), name: name ?? user });
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            this.fail(error instanceof ApiError ? `login.${error.code}` : "error.lost", this.signingUp ? this.userField : this.passwordField);
        } finally {
            this.submitButton?.removeAttribute("aria-busy");
        }
    }

    /** @param {string} key @param {{input: HTMLInputElement} | undefined} at */
    fail(key, at) {
        const known = ["login.taken", "login.unauthenticated", "login.invalid.user", "login.invalid.password", "login.not_found", "error.lost"];
        if (!this.failure) return;
        setText(this.failure, t(known.includes(key) ? key : key.replace("login.", "error.")));
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
