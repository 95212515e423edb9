/** The inbox or the message requests, and the search box. */

import { t } from "../i18n/index.js";
import { inFolder, knockTotal } from "../store/conversations.js";
import { makeRow, patchRow } from "./conversation-row.js";
import { fill, h, reconcile, setText, setVisible } from "./dom.js";
import { icon, iconLink } from "./icons.js";
import { SearchResults } from "./search-results.js";
import { View, app, state } from "./view.js";

const DEBOUNCE_MS = 250;
/** Pixels from the end at which the next page is loaded. */
const LOAD_MARGIN = 600;

export class Conversations extends View {
    build() {
        this.className = "list-view";
        this.setAttribute("role", "region");
        this.heading = h("h1", {});
        this.input = h("input", {
            ...{ type: "search", class: "input search", "aria-label": t("search.label"), placeholder: t("search.label") },
            ...{ maxlength: "200", autocomplete: "off", enterkeyhint: "search" },
            oninput: () => this.onInput(),
            onkeydown: (event) => this.onKey(event),
        });
        this.searchBox = h("div", { class: "search-box", role: "search" }, icon("search"), this.input);
        this.knockRow = h("a", { class: "knock-row", href: "#/knocks" });
        this.list = h("ul", { class: "rows plain-list", onkeydown: (event) => this.moveFocus(event) });
        this.empty = h("div", { class: "list-empty" });
        this.results = new SearchResults();
        this.scroller = h("div", { class: "scroller", onscroll: () => this.onScroll() }, this.knockRow, this.list, this.empty);
        fill(
            this,
            h(
                "header",
                { class: "toolbar" },
                (this.back = iconLink("#/", "back", t("back"))),
                this.heading,
                iconLink("#/new", "write", t("new.open")),
            ),
            this.searchBox,
            this.results,
            this.scroller,
        );
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        const { heading, list, empty, knockRow, scroller, back, searchBox, results } = this;
        if (!heading || !list || !empty || !knockRow || !scroller || !back || !searchBox || !results) return;
        const isKnocks = now.route.list === "knocks";
        const folder = isKnocks ? "requests" : "inbox";
        setText(heading, t(isKnocks ? "nav.knocks" : "nav.messages"));
        this.setAttribute("aria-label", heading.textContent ?? "");
        setVisible(back, isKnocks);
        setVisible(searchBox, !isKnocks);
        const searching = !isKnocks && now.search.state !== "idle";
        setVisible(results, searching);
        setVisible(scroller, !searching);
        const knocks = knockTotal(now.rows);
        setVisible(knockRow, !isKnocks && knocks > 0);
        if (knockRow.dataset.n !== String(knocks)) {
            knockRow.dataset.n = String(knocks);
            fill(knockRow, h("span", { class: "icon-circle" }, icon("door")), h("span", { class: "grow strong" }, t("list.knocking", { n: knocks })), icon("back", "rotated"));
        }
        const rows = inFolder(now.rows, folder).filter((row) => !isKnocks || !row.blocked);
        const current = now.route.main === "thread" ? now.route.peer : "";
        reconcile(list, rows, (row) => row.peer, makeRow, (element, row) => patchRow(element, row, now, row.peer === current));
        const { loaded } = now.lists[folder];
        setVisible(empty, rows.length === 0);
        const key = !loaded ? "list.loading" : isKnocks ? "list.noknocks" : "list.none";
        if (empty.dataset.key !== key) {
            empty.dataset.key = key;
            fill(empty, ...placeholder(key));
        }
    }

    onScroll() {
        const { scroller } = this;
        if (!scroller || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > LOAD_MARGIN) return;
        app().engine.loadList(state().route.list === "knocks" ? "requests" : "inbox");
    }

    onInput() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            const query = this.input?.value.trim() ?? "";
            app().engine.store.dispatch({ type: "search", query });
            if (query) this.results?.search(query, false);
        }, DEBOUNCE_MS);
    }

    /** @param {KeyboardEvent} event */
    onKey(event) {
        if (event.key === "Escape" && this.input?.value) {
            event.preventDefault();
            this.input.value = "";
            this.onInput();
        } else if (event.key === "ArrowDown") {
            event.preventDefault();
            /** @type {HTMLElement | null} */ (this.querySelector(".scroller:not([hidden]) a.row, bussa-search-results:not([hidden]) a.row"))?.focus();
        }
    }

    /** Arrow keys move through the list. @param {KeyboardEvent} event */
    moveFocus(event) {
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
function placeholder(key) {
    if (key === "list.loading") return Array.from({ length: 6 }, () => h("div", { class: "skeleton-row", "aria-hidden": "true" }));
    const other = h("a", { class: "button plain", href: location.pathname, target: "_blank", rel: "noopener" }, t("list.account"));
    return [
        icon(key === "list.none" ? "messages" : "door"),
        h("h2", {}, t(`${key}.title`)),
        h("p", { class: "secondary" }, t(key)),
        ...(key === "list.none" ? [h("a", { class: "button", href: "#/new" }, t("new.open")), other] : []),
    ];
}

customElements.define("bussa-conversations", Conversations);
