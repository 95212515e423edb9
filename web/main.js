/** Entry point: picks the account of this tab, and shows the app or the login page. */

import * as accounts from "./app/accounts.js";
import { startNotifications } from "./app/notifications.js";
import { UserActions } from "./app/user-actions.js";
import { Engine } from "./app/engine.js";
import { OutboxSender } from "./app/outbox-sender.js";
import { restoreRelationships } from "./app/relationship-cache.js";
import { BussaError, logOutEverywhere } from "./bussa.js";
import { language, t } from "./i18n/index.js";
import { parse } from "./store/route.js";
import { AppShell } from "./views/app-shell.js";
import { mountLiveRegions, showToast } from "./views/toast.js";
import { here } from "./views/view.js";
import { LoginPage } from "./views/login-page.js";

/** The current account, and its teardown. @type {{account: accounts.Account, end: () => void} | null} */
let current = null;

/** @param {accounts.Account} account */
function enter(account) {
    accounts.keep(account);
    accounts.choose(account.user);
    const engine = new Engine(account, parse(location.hash));
    const sender = new OutboxSender(engine);
    here.app = { engine, sender, actions: new UserActions(engine, showToast), leave: (everywhere) => void leave(everywhere) };
    const move = () => engine.store.dispatch({ type: "route", route: parse(location.hash, engine.store.get().route.list) });
    addEventListener("hashchange", move);
    const stop = engine.store.subscribe((state) => {
        const { name } = state.people.get(account.user) ?? account;
        if (name !== account.name) accounts.keep(Object.assign(account, { name }));
        if (state.ended === "token") goOut("login.expired", account.user);
    });
    current = {
        account,
        end: () => {
            stop();
            removeEventListener("hashchange", move);
            void engine.stop();
            document.title = "Bussa";
        },
    };
    restoreRelationships(engine);
    startNotifications(engine);
    void engine.run(); // Before the views are mounted: their requests wait for the connection.
    sender.start();
    document.body.querySelector("#app")?.replaceChildren(new AppShell());
}

/** Log out on this device, or on all. @param {boolean} everywhere */
async function leave(everywhere) {
    if (!current) return;
    const { account } = current;
    try {
        if (everywhere) await logOutEverywhere(location.origin, account.token);
    } catch (error) {
        if (!(error instanceof BussaError)) throw error;
        showToast("error.lost");
        return;
    }
    goOut(null, account.user);
}

/** @param {string | null} why a text key @param {string} [user] prefills the login page */
function goOut(why, user = "") {
    if (current) {
        accounts.forget(current.account.user);
        accounts.choose(null);
        current.end();
        current = null;
        if (!why) history.replaceState(null, "", location.pathname);
    }
    here.app = null;
    document.body.querySelector("#app")?.replaceChildren(new LoginPage(enter, why && t(why), user));
}

document.documentElement.lang = language;
mountLiveRegions();
const chosen = accounts.chosen();
if (chosen) enter(chosen);
else goOut(null);
