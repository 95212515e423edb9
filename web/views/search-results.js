/** Search results: people by prefix, and messages, newest first. */

import { t, time } from "../i18n/index.js";
import { toThread } from "../store/route.js";
import { BussaError } from "../bussa.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, bdi, nameOf, peopleMatching, userRow } from "./user-display.js";
import { View, app } from "./view.js";

const MAX_PEOPLE = 6;
/** Characters shown before the match. */
const CONTEXT = 14;

export class SearchResults extends View {
    /** @type {import("../store/search.js").Search | undefined} */
    shown;

    build() {
        this.className = "scroller results";
    }

    /** @param {string} query @param {boolean} more */
    async search(query, more) {
        const { engine } = app();
        const before = more ? engine.store.get().search.next : null;
        try {
            const found = await engine.client.search(query, { before, limit: 30 });
            engine.store.dispatch({ type: "search", of: query, hits: found.hits, next: found.next, more });
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            engine.store.dispatch({ type: "search", of: query, failed: true });
        }
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        if (this.shown === now.search) return;
        this.shown = now.search;
        const { query, hits, next, state } = now.search;
        const people = state === "idle" ? [] : peopleMatching(now, query).slice(0, MAX_PEOPLE);
        const none = state === "done" && hits.length === 0 && people.length === 0;
        fill(
            this,
            people.length > 0 && h("h2", { class: "section-title" }, t("search.people")),
            people.length > 0 && h("ul", { class: "rows plain-list" }, people.map((user) => userRow(user, nameOf(now, user)))),
            hits.length > 0 && h("h2", { class: "section-title" }, t("search.messages")),
            h("ul", { class: "rows plain-list" }, hits.map((hit) => hitRow(hit, now, query))),
            next !== null && state === "done" && h("button", { type: "button", class: "button plain wide", onclick: () => this.search(query, true) }, t("more")),
            h("p", { class: "secondary center", role: "status" }, state === "loading" ? t("search.loading") : state === "failed" ? t("error.lost") : none ? t("search.none", { query }) : ""),
        );
    }
}

/** @param {import("../sdk/frames.js").Message} hit @param {import("./view.js").State} now @param {string} query */
function hitRow(hit, now, query) {
    const name = nameOf(now, hit.peer);
    const who = hit.from === now.user ? t("list.you") : "";
    return h(
        "li",
        {},
        h(
            "a",
            { class: "row", href: toThread(hit.peer, hit.n) },
            avatar(hit.peer, name),
            h(
                "span",
                { class: "grow text-column" },
                h("span", { class: "line" }, bdi(name, "strong truncate"), h("time", { class: "secondary timestamp" }, time.brief(hit.at, Date.now()))),
                h("span", { class: "secondary truncate preview", dir: "auto" }, who && `${who} `, excerpt(hit.text, query)),
            ),
            icon("back", "rotated visually-hidden"),
        ),
    );
}

/** The text around the first match, with the match highlighted. @param {string} text @param {string} query */
function excerpt(text, query) {
    const flat = text.replace(/\s+/g, " ");
    const [word = ""] = query.toLocaleLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
    const at = wordAt(flat.toLocaleLowerCase(), word);
    if (at < 0) return h("bdi", {}, flat.slice(0, 160));
    const start = at > CONTEXT ? at - CONTEXT : 0;
    const end = at + word.length;
    return h("bdi", {}, start > 0 ? "…" : "", flat.slice(start, at), h("mark", {}, flat.slice(at, end)), flat.slice(end, end + 120));
}

/** The index of a word with the prefix `word`. Only the server ignores accents; such a match is not highlighted. @param {string} text @param {string} word */
function wordAt(text, word) {
    if (!word) return -1;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        if (at === 0 || !/[\p{L}\p{N}]/u.test(text.charAt(at - 1))) return at;
    }
    return -1;
}

customElements.define("bussa-search-results", SearchResults);
