/** Settings: privacy, notifications, log-out. */

import { setNotifications, notificationState } from "../app/notifications.js";
import { t } from "../i18n/index.js";
import { question } from "./dialog.js";
import { fill, h, setVisible } from "./dom.js";
import { backLink, icon } from "./icons.js";
import { View, app } from "./view.js";

const POLICIES = /** @type {const} */ (["anyone", "mutuals", "followers", "following", "nobody"]);

/** @typedef {import("../sdk/frames.js").Settings} Settings */

export class SettingsView extends View {
    build() {
        this.className = "page";
        this.open = toggle("set-open", t("privacy.anyone"), t("privacy.anyone.text"), (on) => this.save({ dm_policy: on ? "anyone" : "followers" }));
        this.knocks = toggle("set-knocks", t("privacy.knocks"), t("privacy.knocks.text"), (knocks) => this.save({ knocks }));
        this.receipts = toggle("set-receipts", t("privacy.receipts"), t("privacy.receipts.text"), (on) => this.save({ read_receipts: on }));
        this.notify = toggle("set-notify", t("notify.label"), t("notify.text"), (on) => this.toggleNotifications(on));
        this.policies = POLICIES.map((policy) => h("input", { type: "radio", name: "policy", value: policy, id: `policy-${policy}`, "aria-describedby": `policy-${policy}-text`, onchange: () => this.save({ dm_policy: policy }) }));
        const choices = POLICIES.map((policy, index) =>
            h(
                "div",
                { class: "choice" },
                this.policies?.[index],
                h("div", { class: "text-column" }, h("label", { for: `policy-${policy}`, class: "strong" }, t(`policy.${policy}`)), h("span", { class: "secondary", id: `policy-${policy}-text` }, t(`policy.${policy}.text`))),
            ),
        );
        this.body = h(
            "div",
            { class: "form-column stack settings" },
            section("lock", t("settings.security"), this.open.box, h("fieldset", { class: "choices" }, h("legend", {}, t("privacy.policy")), choices), this.knocks.box, this.receipts.box),
            section("bell", t("settings.notify"), this.notify.box),
            section(
                "out",
                t("settings.out"),
                h("div", { class: "row wrap" }, h("button", { type: "button", class: "button plain", onclick: () => app().leave(false) }, t("logout.here")), h("button", { type: "button", class: "button plain danger-text", onclick: () => this.logOutEverywhere() }, t("logout.everywhere"))),
            ),
        );
        fill(this, h("header", { class: "toolbar" }, backLink("#/"), h("h1", {}, t("nav.settings"))), this.body);
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { settings } = now;
        const { open, knocks, receipts, notify: notifications, policies } = this;
        if (!open || !knocks || !receipts || !notifications || !policies) return;
        for (const control of [open.input, knocks.input, receipts.input, ...policies]) control.disabled = settings === null;
        const state = notificationState();
        notifications.input.checked = state === "on";
        notifications.input.disabled = state === "denied" || state === "none";
        setVisible(notifications.extra, state === "denied");
        if (state === "denied") notifications.extra.textContent = t("notify.denied");
        if (!settings) return;
        open.input.checked = settings.dm_policy === "anyone";
        knocks.input.checked = settings.knocks;
        receipts.input.checked = settings.read_receipts;
        for (const control of policies) control.checked = control.value === settings.dm_policy;
    }

    /** @param {Partial<Settings>} change */
    async save(change) {
        await app().actions.settings(change);
        this.refresh(); // Revert what was not saved.
    }

    /** @param {boolean} on */
    async toggleNotifications(on) {
        await setNotifications(on);
        this.refresh();
    }

    async logOutEverywhere() {
        const confirmed = await question({ title: t("logout.everywhere"), text: t("logout.everywhere.text"), yes: t("logout.everywhere"), danger: true });
        if (confirmed) app().leave(true);
    }
}

/** @param {string} name @param {string} title @param {...HTMLElement} children */
function section(name, title, ...children) {
    return h("section", { class: "card stack" }, h("h2", { class: "with-icon" }, icon(name), title), ...children);
}

/** @param {string} id @param {string} label @param {string} text @param {(on: boolean) => void} changed */
function toggle(id, label, text, changed) {
    const input = h("input", { type: "checkbox", role: "switch", class: "switch", id, "aria-describedby": `${id}-text`, onchange: () => changed(input.checked) });
    const extra = h("span", { class: "error-text", hidden: true });
    const box = h("div", { class: "toggle" }, h("div", { class: "text-column grow" }, h("label", { for: id, class: "strong" }, label), h("span", { class: "secondary", id: `${id}-text` }, text), extra), input);
    return { box, input, extra };
}

customElements.define("bussa-settings", SettingsView);
