/**
 * The state of the page, and its reducer.
 *
 * @typedef {import("../sdk/frames.js").Settings} Settings
 * @typedef {{name: string, can: import("../sdk/frames.js").CanMessage, missing: boolean}} Person
 * @typedef {{users: readonly string[], next: string | null, loaded: boolean}} People
 * @typedef {{next: string | null, loaded: boolean}} List
 *
 * @typedef {object} State
 * @property {string} user
 * @property {import("../sdk/reconnect-loop.js").ConnectionStatus} status
 * @property {boolean} reached whether it was ever connected
 * @property {string | null} ended why it stopped: "token", "broken" or null
 * @property {boolean} online navigator.onLine
 * @property {number} limit maximal length of a message
 * @property {import("./conversations.js").Rows} rows
 * @property {{inbox: List, requests: List}} lists
 * @property {ReadonlyMap<string, import("./thread.js").Thread>} threads
 * @property {import("./outbox.js").Outbox} outbox
 * @property {ReadonlyMap<string, number>} knocked own messages that wait to be accepted, by peer
 * @property {ReadonlyMap<string, number>} typing when the indicator expires, in ms, by peer
 * @property {ReadonlyMap<string, Person>} people
 * @property {{following: People, followers: People}} follows
 * @property {Settings | null} settings
 * @property {ReadonlyMap<string, {text: string, replyTo: number | null}>} drafts
 * @property {import("./route.js").Route} route
 * @property {import("./search.js").Search} search
 *
 * @typedef {{type: string, [field: string]: any}} Action
 */

import * as conversations from "./conversations.js";
import * as outbox from "./outbox.js";
import { search } from "./search.js";
import { withEntry, withoutEntry } from "./store.js";
import { EMPTY, mergeMessages, unreadAfter } from "./thread.js";

/** @type {People} */
const NOT_LOADED = { users: [], next: null, loaded: false };

/**
 * @param {string} user
 * @param {import("./route.js").Route} route
 * @returns {State}
 */
export function initial(user, route) {
    return {
        user,
        status: "connecting",
        reached: false,
        ended: null,
        online: true,
        limit: 10_000,
        rows: new Map(),
        lists: { inbox: { next: null, loaded: false }, requests: { next: null, loaded: false } },
        threads: new Map(),
        outbox: new Map(),
        knocked: new Map(),
        typing: new Map(),
        people: new Map(),
        follows: { following: NOT_LOADED, followers: NOT_LOADED },
        settings: null,
        drafts: new Map(),
        route,
        search: search(undefined, { type: "search" }),
    };
}

/**
 * @param {State} state
 * @param {Action} action
 * @returns {State}
 */
export function reduce(state, action) {
    const handler = HANDLERS.get(action.type);
    return handler ? handler(state, action) : state;
}

/** @type {Map<string, (state: State, action: any) => State>} */
const HANDLERS = new Map(
    Object.entries(/** @type {Record<string, (state: State, action: any) => State>} */ ({
        // ---- the connection
        status: (state, { status, ended = null }) => ({
            ...state,
            ...{ status, ended, reached: state.reached || status === "connected" },
            typing: status === "connected" ? state.typing : new Map(),
        }),
        online: (state, { online }) => (online === state.online ? state : { ...state, online }),
        // The old rows stay visible until they are reloaded.
        reset: (state) => ({ ...state, threads: new Map() }),

        // ---- events of the log
        message: (state, { type: _, seq: __, folder, ...message }) => addMessage(state, message, folder),
        read: (state, { peer, by, n }) => applyRead(state, peer, by, n),
        conversation: (state, { peer, folder, muted, blocked }) => {
            const before = state.rows.get(peer);
            const rows = conversations.patchRow(state.rows, peer, { folder, muted, blocked });
            // A block hides messages and unblocking shows them: reload.
            const blockChanged = before !== undefined && before.blocked !== blocked;
            return { ...state, rows, threads: blockChanged ? clearThread(state.threads, peer) : state.threads };
        },
        settings: (state, { settings }) => ({ ...state, settings }),
        typing: (state, { peer, until }) => ({ ...state, typing: withEntry(state.typing, peer, until) }),
        stillTyping: (state, { now }) => {
            const typing = new Map([...state.typing].filter(([, until]) => until > now));
            return typing.size === state.typing.size ? state : { ...state, typing };
        },

        // ---- replies
        listed: (state, { folder, conversations: page, next, reload }) => ({
            ...state,
            rows: conversations.mergePage(reload ? conversations.withoutFolder(state.rows, folder) : state.rows, page),
            lists: { ...state.lists, [folder]: { next, loaded: true } },
        }),
        row: (state, { peer, change }) => ({ ...state, rows: conversations.patchRow(state.rows, peer, change) }),
        history: (state, { peer, messages, last }) => {
            const thread = mergeMessages(state.threads.get(peer) ?? EMPTY, messages, last);
            return { ...state, threads: withEntry(state.threads, peer, { ...thread, known: true }) };
        },
        person: (state, { user, person }) => ({ ...state, people: withEntry(state.people, user, person) }),
        follows: (state, { which, users, next, more }) => {
            const before = more ? state.follows[/** @type {"following"} */ (which)].users : [];
            const all = [...new Set([...before, ...users])];
            return { ...state, follows: { ...state.follows, [which]: { users: all, next, loaded: true } } };
        },
        followed: (state, { user, follows }) => {
            const { following } = state.follows;
            const others = following.users.filter((other) => other !== user);
            const users = follows ? [user, ...others] : others;
            return { ...state, follows: { ...state.follows, following: { ...following, users } } };
        },

        // ---- user input
        route: (state, { route }) => ({ ...state, route }),
        draft: (state, { peer, text, replyTo }) => ({
            ...state,
            drafts: text || replyTo ? withEntry(state.drafts, peer, { text, replyTo }) : withoutEntry(state.drafts, peer),
        }),
        sending: (state, { pending }) => ({ ...state, outbox: withEntry(state.outbox, pending.nonce, pending) }),
        again: (state, { nonce }) => ({
            ...state,
            outbox: outbox.patchPending(state.outbox, nonce, { state: "sending", why: null }),
        }),
        failed: (state, { nonce, why }) => ({
            ...state,
            outbox: outbox.patchPending(state.outbox, nonce, { state: "failed", why }),
        }),
        dropped: (state, { nonce }) => ({ ...state, outbox: withoutEntry(state.outbox, nonce) }),
        sent: (state, { nonce, message, folder }) => {
            const next = addMessage({ ...state, outbox: withoutEntry(state.outbox, nonce) }, message, folder);
            const knocked =
                folder === "requests" ? withEntry(state.knocked, message.peer, message.n) : withoutEntry(state.knocked, message.peer);
            return { ...next, knocked };
        },
        search: (state, action) => ({ ...state, search: search(state.search, action) }),
    })),
);

/**
 * @param {State} state
 * @param {import("../sdk/frames.js").Message} message
 * @param {import("../sdk/frames.js").Folder} folder
 */
function addMessage(state, message, folder) {
    const { peer } = message;
    const before = state.threads.get(peer);
    // A conversation that is not open is loaded when it is opened.
    const threads = before ? withEntry(state.threads, peer, mergeMessages(before, [message])) : state.threads;
    const typing = message.from === peer ? withoutEntry(state.typing, peer) : state.typing;
    const knocked = message.from === peer ? withoutEntry(state.knocked, peer) : state.knocked;
    return {
        ...state,
        ...{ threads, typing, knocked },
        rows: conversations.applyMessage(state.rows, message, folder, state.user),
    };
}

/** @param {State} state @param {string} peer @param {string} by @param {number} n */
function applyRead(state, peer, by, n) {
    const row = state.rows.get(peer);
    const thread = state.threads.get(peer);
    const last = row?.last?.n ?? 0;
    const estimate = Math.min(row?.unread ?? 0, Math.max(0, last - n));
    const unread = n >= last ? 0 : thread ? unreadAfter(thread, peer, n) : estimate;
    return { ...state, rows: conversations.applyRead(state.rows, peer, by, n, unread) };
}

/** @param {State["threads"]} threads @param {string} peer */
function clearThread(threads, peer) {
    const thread = threads.get(peer);
    return thread ? withEntry(threads, peer, { ...EMPTY, last: thread.last, known: true }) : threads;
}
