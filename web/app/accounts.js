/**
 * The accounts of this browser (localStorage) and the one of this tab (sessionStorage), so that two windows can use
 * two accounts. Falls back to memory where the browser blocks storage.
 *
 * @typedef {{user: string, token: string, expires_at: number, name: string}} Account
 */

const ACCOUNT = "bussa:account:";
const CHOSEN = "bussa:chosen";

/** @type {Map<string, string>} the fallback where storage is blocked */
const memory = new Map();

/** @param {() => Storage} storage */
function kept(storage) {
    /** @template T @param {(area: Storage) => T} use @param {() => T} otherwise */
    return (use, otherwise) => {
        try {
            return use(storage());
        } catch {
            return otherwise();
        }
    };
}

const browser = kept(() => localStorage);
const tab = kept(() => sessionStorage);

/** @param {string} key @returns {string | null} */
export const get = (key) => browser((area) => area.getItem(key), () => memory.get(key) ?? null);

/** @param {string} key @param {string} value */
export const set = (key, value) => browser((area) => area.setItem(key, value), () => void memory.set(key, value));

/** @param {string} key */
export const remove = (key) => browser((area) => area.removeItem(key), () => void memory.delete(key));

/** @param {string} prefix @returns {string[]} */
export const keys = (prefix) =>
    browser((area) => Object.keys(area), () => [...memory.keys()]).filter((key) => key.startsWith(prefix));

/** The accounts that are logged in in this browser. @returns {Account[]} */
export function all() {
    return keys(ACCOUNT)
        .map((key) => json(get(key)))
        .filter((account) => typeof account?.token === "string" && account.expires_at > Date.now())
        .sort((one, other) => (one.user < other.user ? -1 : 1));
}

/** The account of this tab. @returns {Account | null} */
export function chosen() {
    const user = tab((area) => area.getItem(CHOSEN), () => memory.get(CHOSEN) ?? null);
    return all().find((account) => account.user === user) ?? null;
}

/** @param {string | null} user */
export function choose(user) {
    tab(
        (area) => (user === null ? area.removeItem(CHOSEN) : area.setItem(CHOSEN, user)),
        () => void (user === null ? memory.delete(CHOSEN) : memory.set(CHOSEN, user)),
    );
}

/** @param {Account} account */
export function keep(account) {
    set(ACCOUNT + account.user, JSON.stringify(account));
}

/** @param {string} user */
export function forget(user) {
    remove(ACCOUNT + user);
}

/** @param {string | null} text @returns {any} */
export function json(text) {
    try {
        return text === null ? null : JSON.parse(text);
    } catch {
        return null;
    }
}
