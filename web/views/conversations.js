/** The list of conversations, or of those that knock, and the search above them. */

import { t } from "../i18n/index.js";
import { folderOf, knockTotal } from "../store/conversations.js";
import { makeRow, patchRow } from "./conversation-row.js";
import { fill, h, reconcile, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { Results } from "./results.js";
import { View, app, state } from "./view.js";

/** Milliseconds after the last key before the server is asked. */
const REST = 250;
/** Pixels from the end of the list at which the next page is read. */
const NEAR = 600;

export class Conversations extends View {
    build() {
        this.className = "list-view";
        this.setAttribute("role", "region");
        this.title_ = h("h1", {});
        this.input = h("input", {
            ...{ type: "search", class: "input search", "aria-label": t("search.label"), placeholder: t("search.label") },
            ...{ maxlength: "200", autocomplete: "off", enterkeyhint: "search" },
            oninput: () => this.typed(),
            onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
        });
        this.searchBox = h("div", { class: "search-box", role: "search" }, icon("search"), this.input);
        this.knockRow = h("a", { class: "knock-row", href: "#/knocks" });
        this.list = h("ul", { class: "rows plain-list", onkeydown: (/** @type {KeyboardEvent} */ event) => this.walk(event) });
        this.nothing = h("div", { class: "list-empty" });
        this.results = new Results();
        this.scroller = h("div", { class: "scroller", onscroll: () => this.scrolled() }, this.knockRow, this.list, this.nothing);
        fill(
            this,
            h(
                "header",
                { class: "bar" },
                (this.back = h("a", { class: "icon-button", href: "#/", "aria-label": t("back"), title: t("back") }, icon("back"))),
                this.title_,
                h("a", { class: "icon-button", href: "#/new", "aria-label": t("new.open"), title: t("new.open") }, icon("write")),
            ),
            this.searchBox,
            this.results,
            this.scroller,
        );
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { title_, list, nothing, knockRow, scroller, back, searchBox, results } = this;
        if (!title_ || !list || !nothing || !knockRow || !scroller || !back || !searchBox || !results) return;
        const isKnocks = now.route.list === "knocks";
        const folder = isKnocks ? "requests" : "inbox";
        setText(title_, t(isKnocks ? "nav.knocks" : "nav.messages"));
        this.setAttribute("aria-label", title_.textContent ?? "");
        show(back, isKnocks);
        show(searchBox, !isKnocks);
        const searching = !isKnocks && now.search.state !== "idle";
        show(results, searching);
        show(scroller, !searching);
        const knocks = knockTotal(now.rows);
        show(knockRow, !isKnocks && knocks > 0);
        if (knockRow.dataset.n !== String(knocks)) {
            knockRow.dataset.n = String(knocks);
            fill(knockRow, h("span", { class: "round" }, icon("door")), h("span", { class: "grow strong" }, t("list.knocking", { n: knocks })), icon("back", "turned"));
        }
        const rows = folderOf(now.rows, folder).filter((row) => !isKnocks || !row.blocked);
        const current = now.route.main === "thread" ? now.route.peer : "";
        reconcile(list, rows, (row) => row.peer, makeRow, (element, row) => patchRow(element, row, now, row.peer === current));
        const { loaded } = now.lists[folder];
        show(nothing, rows.length === 0);
        const key = !loaded ? "list.loading" : isKnocks ? "list.noknocks" : "list.none";
        if (nothing.dataset.key !== key) {
            nothing.dataset.key = key;
            fill(nothing, ...words(key));
        }
    }

    scrolled() {
        const { scroller } = this;
        if (!scroller || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > NEAR) return;
        app().engine.list(state().route.list === "knocks" ? "requests" : "inbox");
    }

    typed() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            const query = this.input?.value.trim() ?? "";
            app().engine.store.dispatch({ type: "search", query });
            if (query) this.results?.ask(query, false);
        }, REST);
    }

    /** @param {KeyboardEvent} event */
    key(event) {
        if (event.key === "Escape" && this.input?.value) {
            event.preventDefault();
            this.input.value = "";
            this.typed();
        } else if (event.key === "ArrowDown") {
            event.preventDefault();
            /** @type {HTMLElement | null} */ (this.querySelector(".scroller:not([hidden]) a.row, bussa-results:not([hidden]) a.row"))?.focus();
        }
    }

    /** Arrow keys walk through the list. @param {KeyboardEvent} event */
    walk(event) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        const row = /** @type {HTMLElement} */ (event.target).closest("li");
        if (!step || !row) return;
        event.preventDefault();
        const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
        if (next) /** @type {HTMLElement | null} */ (next.querySelector("a"))?.focus();
        else if (step < 0) this.input?.focus();
    }
}

/** @param {string} key */
function words(key) {
    if (key === "list.loading") return Array.from({ length: 6 }, () => h("div", { class: "ghost-row", "aria-hidden": "true" }));
    const other = h("a", { class: "button plain", href: location.pathname, target: "_blank", rel: "noopener" }, t("list.second"));
    return [
        icon(key === "list.none" ? "messages" : "door"),
        h("h2", {}, t(`${key}.title`)),
        h("p", { class: "quiet" }, t(key)),
        ...(key === "list.none" ? [h("a", { class: "button", href: "#/new" }, t("new.open")), other] : []),
    ];
}

customElements.define("bussa-conversations", Conversations);
