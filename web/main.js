/** The beginning: who is this tab, and what stands on the page then. */

import * as accounts from "./app/accounts.js";
import { attend } from "./app/attention.js";
import { Deeds } from "./app/deeds.js";
import { Engine } from "./app/engine.js";
import { Sending } from "./app/sending.js";
import { remember } from "./app/sides.js";
import { BussaError, logOutEverywhere } from "./bussa.js";
import { language, t } from "./i18n/index.js";
import { parse } from "./store/route.js";
import { Home } from "./views/home.js";
import { prepare, say } from "./views/speak.js";
import { here } from "./views/view.js";
import { Welcome } from "./views/welcome.js";

/** The account that is shown, and how to let go of it. @type {{account: accounts.Account, end: () => void} | null} */
let current = null;

/** @param {accounts.Account} account */
function enter(account) {
    accounts.keep(account);
    accounts.choose(account.user);
    const engine = new Engine(account, parse(location.hash));
    const sending = new Sending(engine);
    here.app = { engine, sending, deeds: new Deeds(engine, say), leave: (everywhere) => void leave(everywhere) };
    const move = () => engine.store.dispatch({ type: "route", route: parse(location.hash, engine.store.get().route.list) });
    addEventListener("hashchange", move);
    const stop = engine.store.subscribe((state) => {
        const { name } = state.people.get(account.user) ?? account;
        if (name !== account.name) accounts.keep(Object.assign(account, { name }));
        if (state.ended === "token") goOut("welcome.ended", account.user);
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
    remember(engine);
    attend(engine);
    void engine.run(); // Before there are views: they ask at once, and what they ask waits for the connection.
    sending.start();
    document.body.querySelector("#app")?.replaceChildren(new Home());
}

/** Log out: here, or on every device. @param {boolean} everywhere */
async function leave(everywhere) {
    if (!current) return;
    const { account } = current;
    try {
        if (everywhere) await logOutEverywhere(location.origin, account.token);
    } catch (error) {
        if (!(error instanceof BussaError)) throw error;
        say("error.lost");
        return;
    }
    goOut(null, account.user);
}

/** @param {string | null} why @param {string} [user] who is asked for a password again */
function goOut(why, user = "") {
    if (current) {
        accounts.forget(current.account.user);
        accounts.choose(null);
        current.end();
        current = null;
        if (!why) history.replaceState(null, "", location.pathname);
    }
    here.app = null;
    document.body.querySelector("#app")?.replaceChildren(new Welcome(enter, why && t(why), user));
}

document.documentElement.lang = language;
prepare();
const chosen = accounts.chosen();
if (chosen) enter(chosen);
else goOut(null);
