/**
 * The frames of the protocol: types, and the shapes that incoming frames are validated against.
 *
 * Unknown fields are allowed and kept; a missing field makes a frame invalid.
 */

/**
 * @typedef {"anyone" | "followers" | "following" | "mutuals" | "nobody"} Policy
 * @typedef {"inbox" | "requests" | "declined"} Folder
 * @typedef {"spam" | "abuse" | "other"} Reason
 * @typedef {"yes" | "knock" | "no"} CanMessage
 *
 * @typedef {{peer: string, n: number, from: string, text: string, at: number, reply_to?: number,
 *     hidden?: boolean}} Message
 * @typedef {{peer: string, last: Message, unread: number, read: number, peer_read: number | null,
 *     muted: boolean, folder: Folder, blocked: boolean, name: string}} Conversation
 * @typedef {{dm_policy: Policy, knocks: boolean, read_receipts: boolean}} Settings
 */

// Events.

/**
 * @typedef {Message & {type: "message", seq: number, folder: Folder}} MessageEvent
 * @typedef {{type: "read", seq: number, peer: string, by: string, n: number}} ReadEvent
 * @typedef {{type: "conversation", seq: number, peer: string, folder: Folder | null, muted: boolean,
 *     blocked: boolean}} ConversationEvent
 * @typedef {{type: "settings", seq: number, settings: Settings}} SettingsEvent
 * @typedef {{type: "hidden", seq: number}} HiddenEvent
 * @typedef {{type: "typing", peer: string}} TypingEvent
 * @typedef {MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent} LogEvent
 * @typedef {LogEvent | TypingEvent} Event
 */

// Replies.

/**
 * @typedef {{type: "welcome", user: string, head: number, epoch: string, resumed: boolean, now: number,
 *     limits: {frame: number, text: number}}} Welcome
 * @typedef {{type: "sent", id: number, peer: string, n: number, seq: number, at: number, folder: Folder}} Sent
 * @typedef {{type: "ok", id: number, seq?: number}} Ok
 * @typedef {{type: "history", id: number, peer: string, messages: Message[], more: boolean}} History
 * @typedef {{type: "conversations", id: number, conversations: Conversation[],
 *     next: string | null}} Conversations
 * @typedef {{type: "settings", id: number, settings: Settings, seq?: number}} SettingsReply
 * @typedef {{type: "profile", id: number, user: string, name: string, can_message: CanMessage}} Profile
 * @typedef {{type: "search", id: number, hits: Message[], next: string | null}} Search
 * @typedef {{type: "sync", id: number, events: unknown[], head: number}} Sync
 * @typedef {{type: "pong", id: number, head: number}} Pong
 * @typedef {{type: "error", id?: number, code: string, message: string, retry_after?: number}} Refusal
 * @typedef {Sent | Ok | History | Conversations | SettingsReply | Profile | Search | Sync | Pong} Answered
 * @typedef {Welcome | Answered | Refusal} Reply
 */

// Requests.

/**
 * @typedef {{type: string, id: number, nonce?: string, to?: string, text?: string, reply_to?: number,
 *     [field: string]: unknown}} Request
 */

/**
 * A frame of an unknown type. Its `seq` still counts in the log, its `id` still settles a request.
 *
 * @typedef {{type: "skipped", of: string, seq: number | null, id: number | null}} Skipped
 */

/** @typedef {(value: unknown) => boolean} Check */

/** @type {Check} */
const text = (value) => typeof value === "string";
/** @type {Check} */
const number = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
/** @type {Check} */
const bool = (value) => typeof value === "boolean";
/** @type {(check: Check) => Check} */
const nullable = (check) => (value) => value === null || check(value);
/** @type {(check: Check) => Check} */
const optional = (check) => (value) => value === undefined || value === null || check(value);
/** @type {(check: Check) => Check} */
const arrayOf = (check) => (value) => Array.isArray(value) && value.every(check);
/** @type {(...values: string[]) => Check} */
const oneOf = (...values) => (value) => typeof value === "string" && values.includes(value);
/** @type {(shape: Record<string, Check>) => Check} */
const map = (shape) => (value) => matches(shape, value);

const folder = oneOf("inbox", "requests", "declined");
const message = {
    peer: text,
    n: number,
    from: text,
    text,
    at: number,
    reply_to: optional(number),
    hidden: optional(bool),
};
const conversation = {
    peer: text,
    last: map(message),
    unread: number,
    read: number,
    peer_read: nullable(number),
    muted: bool,
    folder: optional(folder),
    blocked: optional(bool),
    name: optional(text),
};
const settings = {
    dm_policy: oneOf("anyone", "followers", "following", "mutuals", "nobody"),
    knocks: bool,
    read_receipts: bool,
};

/** @typedef {Record<string, Record<string, Check>>} Shapes */

export const EVENTS = new Map(
    Object.entries(/** @type {Shapes} */ ({
        message: { ...message, seq: number, folder },
        read: { seq: number, peer: text, by: text, n: number },
        conversation: { seq: number, peer: text, folder: nullable(folder), muted: bool, blocked: bool },
        settings: { seq: number, settings: map(settings) },
        hidden: { seq: number },
        typing: { peer: text },
    })),
);

export const REPLIES = new Map(
    Object.entries(/** @type {Shapes} */ ({
        welcome: {
            user: text,
            head: number,
            epoch: text,
            resumed: bool,
            now: number,
            limits: map({ frame: number, text: number }),
        },
        sent: { id: number, peer: text, n: number, seq: number, at: number, folder },
        ok: { id: number, seq: optional(number) },
        history: { id: number, peer: text, messages: arrayOf(map(message)), more: bool },
        conversations: { id: number, conversations: arrayOf(map(conversation)), next: nullable(text) },
        settings: { id: number, settings: map(settings), seq: optional(number) },
        profile: { id: number, user: text, name: text, can_message: oneOf("yes", "knock", "no") },
        search: { id: number, hits: arrayOf(map(message)), next: nullable(text) },
        sync: { id: number, events: (value) => Array.isArray(value), head: number },
        pong: { id: number, head: number },
        error: { id: optional(number), code: text, message: text, retry_after: optional((v) => typeof v === "number") },
    })),
);

/**
 * Whether `value` is an object with every field of `shape`.
 *
 * @param {Record<string, Check>} shape
 * @param {unknown} value
 */
export function matches(shape, value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const fields = /** @type {Record<string, unknown>} */ (value);
    return Object.entries(shape).every(([name, check]) =>
        check(Object.hasOwn(fields, name) ? fields[name] : undefined),
    );
}
