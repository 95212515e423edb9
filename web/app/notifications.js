/** The unread count in the title, and desktop notifications. */

import { t } from "../i18n/index.js";
import { unreadTotal } from "../store/conversations.js";
import { toThread } from "../store/route.js";
import * as accounts from "./accounts.js";

const PREFERENCE = "bussa:notify";
const MAX_BODY = 140;

/** `none`: the browser does not support them. @returns {"on" | "off" | "denied" | "none"} */
export function notificationState() {
    if (!("Notification" in globalThis)) return "none";
    if (Notification.permission === "denied") return "denied";
    return Notification.permission === "granted" && accounts.get(PREFERENCE) === "yes" ? "on" : "off";
}

/** @param {boolean} wanted */
export async function setNotifications(wanted) {
    if (!wanted) accounts.set(PREFERENCE, "no");
    else if ((await Notification.requestPermission()) === "granted") accounts.set(PREFERENCE, "yes");
    return notificationState();
}

/**
 * Update the title, and notify of messages while the window is unfocused, except knocks and muted or blocked people.
 *
 * @param {import("./engine.js").Engine} engine
 */
export function startNotifications(engine) {
    const title = () => {
        const unread = unreadTotal(engine.store.get().rows);
        document.title = unread > 0 ? `(${unread > 99 ? "99+" : unread}) Bussa` : "Bussa";
    };
    engine.store.subscribe(title);
    title();
    engine.listeners.add((event) => {
        if (event.type !== "message" || event.from !== event.peer || event.folder !== "inbox") return;
        const { rows, people } = engine.store.get();
        const row = rows.get(event.peer);
        if (row?.muted || row?.blocked || document.hasFocus() || notificationState() !== "on") return;
        const name = people.get(event.peer)?.name ?? (row?.name || event.peer);
        const body = event.text.length > MAX_BODY ? `${event.text.slice(0, MAX_BODY)}…` : event.text;
        const shown = new Notification(t("notify.title", { name }), { body, tag: `bussa:${event.peer}` });
        shown.onclick = () => {
            focus();
            location.hash = toThread(event.peer);
            shown.close();
        };
    });
}
