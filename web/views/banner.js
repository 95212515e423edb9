/** How the connection is, where it is not well. */

import { t } from "../i18n/index.js";
import { fill, h, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { View } from "./view.js";

/** Milliseconds before a break is worth a word: most are over by then. */
const PATIENCE = 1200;

class Banner extends View {
    build() {
        this.className = "banner";
        this.setAttribute("role", "status");
        this.words = h("span", {});
        fill(this, icon("offline"), this.words);
        this.since = Date.now();
        show(this, false);
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        clearTimeout(this.timer);
        if (now.status === "live" && now.online) {
            this.since = Infinity;
            show(this, false);
            return;
        }
        if (this.since === Infinity) this.since = Date.now();
        const wait = (this.since ?? 0) + PATIENCE - Date.now();
        if (wait > 0 && now.online && now.status !== "closed") {
            this.timer = setTimeout(() => this.refresh(), wait);
            return;
        }
        const key = !now.online ? "state.offline" : now.status === "closed" ? "state.broken" : now.reached ? "state.again" : "state.first";
        if (this.words) setText(this.words, t(key));
        show(this, true);
    }
}

customElements.define("bussa-banner", Banner);
