/** A banner while disconnected. */

import { t } from "../i18n/index.js";
import { fill, h, setText, setVisible } from "./dom.js";
import { icon } from "./icons.js";
import { View } from "./view.js";

/** Short interruptions are not shown. */
const GRACE_MS = 1200;

class Banner extends View {
    build() {
        this.className = "banner";
        this.setAttribute("role", "status");
        this.label = h("span", {});
        fill(this, icon("offline"), this.label);
        this.since = Date.now();
        setVisible(this, false);
    }

    /** @param {import("./view.js").State} now */
    update(now) {
        clearTimeout(this.timer);
        if (now.status === "connected" && now.online) {
            this.since = Infinity;
            setVisible(this, false);
            return;
        }
        if (this.since === Infinity) this.since = Date.now();
        const wait = (this.since ?? 0) + GRACE_MS - Date.now();
        if (wait > 0 && now.online && now.status !== "closed") {
            this.timer = setTimeout(() => this.refresh(), wait);
            return;
        }
        const key = !now.online ? "connection.offline" : now.status === "closed" ? "connection.broken" : now.reached ? "connection.retrying" : "connection.first";
        if (this.label) setText(this.label, t(key));
        setVisible(this, true);
    }
}

customElements.define("bussa-banner", Banner);
