/**
 * The route in the URL's hash.
 *
 *     #/              conversations            #/c/bob       a conversation    #/c/bob/12   at a message
 *     #/knocks        message requests         #/u/bob       a profile
 *     #/following     people                   #/settings
 *     #/followers                              #/new         a new conversation
 *
 * @typedef {{list: "inbox" | "knocks" | "following" | "followers", main: "none" | "thread" | "person" |
 *     "settings" | "new", peer: string, n: number}} Route
 */

const ID = /^[A-Za-z0-9_.:-]{1,64}$/;
const LISTS = ["knocks", "following", "followers"];

/**
 * @param {string} hash
 * @param {Route["list"]} [list] the list to keep beside a route that names none
 * @returns {Route}
 */
export function parse(hash, list = "inbox") {
    const [first = "", id = "", number = ""] = hash.replace(/^#?\/?/, "").split("/");
    const peer = decoded(id);
    if (first === "c" && isUserId(peer)) return { list, main: "thread", peer, n: Number(number) || 0 };
    if (first === "u" && isUserId(peer)) return { list, main: "person", peer, n: 0 };
    if (first === "settings" || first === "new") return { list, main: first, peer: "", n: 0 };
    const named = LISTS.find((name) => name === first);
    return { list: /** @type {Route["list"]} */ (named ?? "inbox"), main: "none", peer: "", n: 0 };
}

/** @param {string} text */
export const isUserId = (text) => ID.test(text);

/** @param {string} text */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return "";
    }
}

/** @param {string} peer @param {number} [n] */
export const toThread = (peer, n) => `#/c/${encodeURIComponent(peer)}${n ? `/${n}` : ""}`;
/** @param {string} user */
export const toPerson = (user) => `#/u/${encodeURIComponent(user)}`;
/** @param {Route["list"]} list */
export const toList = (list) => (list === "inbox" ? "#/" : `#/${list}`);
