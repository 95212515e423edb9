/**
 * The contract's frames, codes and limits. Generated from `protocol/` by `make sdk`: do not edit.
 *
 * Unknown fields are allowed and kept. A missing or mistyped field makes a frame invalid.
 */

import * as is from "./checks.js";

// Parts.

/**
 * @typedef {"anyone" | "followers" | "following" | "mutuals" | "nobody"} Policy
 */

/**
 * @typedef {"inbox" | "requests" | "declined"} Folder
 */

/**
 * @typedef {"spam" | "abuse" | "other"} ReportReason
 */

/**
 * @typedef {"yes" | "knock" | "no"} CanMessage
 */

/**
 * Why one request was refused, over the socket or over HTTP; a connection stays open.
 *
 * @typedef {"bad_request" | "not_allowed" | "awaiting_acceptance" | "not_found" | "conflict" | "rate_limited" |
 *     "unavailable"} ErrorCode
 */

/**
 * Why one call was refused, where only HTTP has the reason: never in an `error` frame.
 *
 * @typedef {"unauthenticated" | "taken" | "method_not_allowed" | "too_large"} HttpCode
 */

/**
 * What a client does after a close.
 *
 * @typedef {"never" | "soon" | "new_token" | "backoff"} ReconnectAdvice
 */

/**
 * Some of the settings. An unknown name is refused: silence would look like obedience.
 *
 * @typedef {object} SettingsChange
 * @property {Policy} [dm_policy]
 * @property {boolean} [knocks]
 * @property {boolean} [read_receipts]
 */

/**
 * What the server accepts: bytes of a frame, characters of a text.
 *
 * @typedef {object} Limits
 * @property {number} frame
 * @property {number} text
 */

/**
 * One message, as `history`, `last` and `hits` show it.
 *
 * `hidden` (and then an empty `text`) is a message of a peer whom the reader has blocked:
 * its number keeps its place, nothing of what it said is shown.
 *
 * @typedef {object} Message
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n A message's number in its conversation, from 1.
 * @property {string} from A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} text
 * @property {number} at Milliseconds since 1970 UTC.
 * @property {number} [reply_to] A message's number in its conversation, from 1.
 * @property {boolean} [hidden]
 */

/**
 * A conversation as one of its sides sees it. `read` is its own mark (0: nothing read yet).
 *
 * @typedef {object} Conversation
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {Message} last
 * @property {number} unread
 * @property {number} read
 * @property {number | null} peer_read A message's number in its conversation, from 1.
 * @property {boolean} muted
 * @property {Folder} folder
 * @property {boolean} blocked
 * @property {string} name
 */

/**
 * A user's door (contract, *Who may write to whom*).
 *
 * @typedef {object} Settings
 * @property {Policy} dm_policy
 * @property {boolean} knocks
 * @property {boolean} read_receipts
 */

// Requests.

/**
 * The first frame. `resume` is the last seq the client has, counted in `epoch`.
 *
 * @typedef {object} HelloRequest
 * @property {"hello"} type
 * @property {string | null} [token]
 * @property {number | null} [resume] A number in a user's log, from 1; 0: before the first.
 * @property {string | null} [epoch]
 */

/**
 * The user is writing to `peer`. Fleeting: no id, no reply, no seq.
 *
 * @typedef {object} TypingRequest
 * @property {"typing"} type
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Write to a person.
 *
 * @typedef {object} SendRequest
 * @property {"send"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} to A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} text What a message says.
 * @property {string} nonce The sender's choice; makes a send safe to repeat.
 * @property {number | null} [reply_to] A message's number in its conversation, from 1.
 */

/**
 * Messages of a conversation: the newest, those `before` an n, or those `after` one.
 *
 * @typedef {object} HistoryRequest
 * @property {"history"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {number | null} [before] A message's number in its conversation, from 1.
 * @property {number | null} [after]
 * @property {number} [limit] How many at the most.
 */

/**
 * List conversations, newest first.
 *
 * @typedef {object} ConversationsRequest
 * @property {"conversations"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {"inbox" | "requests"} [folder]
 * @property {string | null} [before] Where the next page begins: the `next` of a reply.
 * @property {number} [limit] How many at the most.
 */

/**
 * Everything up to `n` has been read.
 *
 * @typedef {object} ReadRequest
 * @property {"read"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n A message's number in its conversation, from 1.
 */

/**
 * Let in who knocked.
 *
 * @typedef {object} AcceptRequest
 * @property {"accept"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Turn away who knocked, or whoever wrote.
 *
 * @typedef {object} DeclineRequest
 * @property {"decline"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Neither hear from a person nor write there.
 *
 * @typedef {object} BlockRequest
 * @property {"block"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} user A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Undo a block.
 *
 * @typedef {object} UnblockRequest
 * @property {"unblock"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} user A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Keep a conversation quiet.
 *
 * @typedef {object} MuteRequest
 * @property {"mute"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} user A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Undo a mute.
 *
 * @typedef {object} UnmuteRequest
 * @property {"unmute"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} user A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * `n` names the message that gave offence; `block` also blocks its sender.
 *
 * @typedef {object} ReportRequest
 * @property {"report"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {ReportReason} reason
 * @property {number | null} [n] A message's number in its conversation, from 1.
 * @property {boolean} [block]
 */

/**
 * Read the settings, or `set` some and read the outcome.
 *
 * @typedef {object} SettingsRequest
 * @property {"settings"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {SettingsChange | null} [set]
 */

/**
 * See a person, and whether one may write there.
 *
 * @typedef {object} ProfileRequest
 * @property {"profile"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} user A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Find messages of one's own conversations.
 *
 * @typedef {object} SearchRequest
 * @property {"search"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} query
 * @property {string | null} [peer] A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {string | null} [before] Where the next page begins: the `next` of a reply.
 * @property {number} [limit] How many at the most.
 */

/**
 * Events of the user's own log after a seq.
 *
 * @typedef {object} SyncRequest
 * @property {"sync"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {number} after A number in a user's log, from 1; 0: before the first.
 * @property {number} [limit] How many at the most.
 */

/**
 * Go on with a newer token of the same user.
 *
 * @typedef {object} RefreshRequest
 * @property {"refresh"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} token
 */

/**
 * Is anybody there? And how far has the log come?
 *
 * @typedef {object} PingRequest
 * @property {"ping"} type
 * @property {number} id The client's choice; its reply carries the same.
 */

/**
 * @typedef {HelloRequest | TypingRequest | SendRequest | HistoryRequest | ConversationsRequest | ReadRequest |
 *     AcceptRequest | DeclineRequest | BlockRequest | UnblockRequest | MuteRequest | UnmuteRequest | ReportRequest |
 *     SettingsRequest | ProfileRequest | SearchRequest | SyncRequest | RefreshRequest | PingRequest} Request
 */

// Replies.

/**
 * The answer to `hello`. `resumed`: what came after `resume` follows; else it begins at `head` + 1.
 *
 * @typedef {object} WelcomeReply
 * @property {"welcome"} type
 * @property {string} user A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} head A number in a user's log, from 1; 0: before the first.
 * @property {string} epoch
 * @property {boolean} resumed
 * @property {number} now Milliseconds since 1970 UTC.
 * @property {Limits} limits
 */

/**
 * @typedef {object} SentReply
 * @property {"sent"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n A message's number in its conversation, from 1.
 * @property {number} seq A number in a user's log, from 1; 0: before the first.
 * @property {number} at Milliseconds since 1970 UTC.
 * @property {Folder} folder
 */

/**
 * @typedef {object} OkReply
 * @property {"ok"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {number} [seq] A number in a user's log, from 1; 0: before the first.
 */

/**
 * `more`: there are further messages in the direction that was asked for.
 *
 * @typedef {object} HistoryReply
 * @property {"history"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {Message[]} messages
 * @property {boolean} more
 */

/**
 * @typedef {object} ConversationsReply
 * @property {"conversations"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {Conversation[]} conversations
 * @property {string | null} next
 */

/**
 * @typedef {object} SettingsReply
 * @property {"settings"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {Settings} settings
 * @property {number} [seq] A number in a user's log, from 1; 0: before the first.
 */

/**
 * @typedef {object} ProfileReply
 * @property {"profile"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {string} user A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} name
 * @property {CanMessage} can_message
 */

/**
 * @typedef {object} SearchReply
 * @property {"search"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {Message[]} hits
 * @property {string | null} next
 */

/**
 * `events` are the very maps that were pushed, ascending by seq.
 *
 * @typedef {object} SyncReply
 * @property {"sync"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {unknown[]} events
 * @property {number} head A number in a user's log, from 1; 0: before the first.
 */

/**
 * @typedef {object} PongReply
 * @property {"pong"} type
 * @property {number} id The client's choice; its reply carries the same.
 * @property {number} head A number in a user's log, from 1; 0: before the first.
 */

/**
 * One request was refused. `id` is left out where it could not be read; `retry_after` is in seconds.
 *
 * @typedef {object} ErrorReply
 * @property {"error"} type
 * @property {ErrorCode} code
 * @property {string} message
 * @property {number} [id] The client's choice; its reply carries the same.
 * @property {number} [retry_after]
 */

/**
 * @typedef {WelcomeReply | SentReply | OkReply | HistoryReply | ConversationsReply | SettingsReply | ProfileReply |
 *     SearchReply | SyncReply | PongReply | ErrorReply} Reply
 */

/**
 * The reply to each request, by the request's type. Requests without a reply are left out.
 *
 * @typedef {object} ReplyTypes
 * @property {WelcomeReply} hello
 * @property {SentReply} send
 * @property {HistoryReply} history
 * @property {ConversationsReply} conversations
 * @property {OkReply} read
 * @property {OkReply} accept
 * @property {OkReply} decline
 * @property {OkReply} block
 * @property {OkReply} unblock
 * @property {OkReply} mute
 * @property {OkReply} unmute
 * @property {OkReply} report
 * @property {SettingsReply} settings
 * @property {ProfileReply} profile
 * @property {SearchReply} search
 * @property {SyncReply} sync
 * @property {OkReply} refresh
 * @property {PongReply} ping
 */

// Events.

/**
 * A message of a conversation with `peer`, by either side.
 *
 * `folder` is where it was put at its recipient: `inbox`, or `requests` for a knock.
 *
 * @typedef {object} MessageEvent
 * @property {"message"} type
 * @property {number} seq A number in a user's log, from 1; 0: before the first.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n A message's number in its conversation, from 1.
 * @property {string} from A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} text
 * @property {number} at Milliseconds since 1970 UTC.
 * @property {Folder} folder
 * @property {number} [reply_to] A message's number in its conversation, from 1.
 */

/**
 * `by` has read the conversation with `peer` up to `n`.
 *
 * @typedef {object} ReadEvent
 * @property {"read"} type
 * @property {number} seq A number in a user's log, from 1; 0: before the first.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} by A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n A message's number in its conversation, from 1.
 */

/**
 * What accept, decline, mute, block or report changed. `folder` is null where nothing was written yet.
 *
 * @typedef {object} ConversationEvent
 * @property {"conversation"} type
 * @property {number} seq A number in a user's log, from 1; 0: before the first.
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 * @property {Folder | null} folder
 * @property {boolean} muted
 * @property {boolean} blocked
 */

/**
 * The user's own door has changed.
 *
 * @typedef {object} SettingsEvent
 * @property {"settings"} type
 * @property {number} seq A number in a user's log, from 1; 0: before the first.
 * @property {Settings} settings
 */

/**
 * In place of an event of a peer whom the user has blocked since.
 *
 * @typedef {object} HiddenEvent
 * @property {"hidden"} type
 * @property {number} seq A number in a user's log, from 1; 0: before the first.
 */

/**
 * The peer is writing. Fleeting: no seq.
 *
 * @typedef {object} TypingEvent
 * @property {"typing"} type
 * @property {string} peer A user: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * @typedef {MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent} LogEvent
 */

/**
 * @typedef {MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent | TypingEvent} Event
 */

// Checks.

const Policy = is.oneOf("anyone", "followers", "following", "mutuals", "nobody");

const Folder = is.oneOf("inbox", "requests", "declined");

const CanMessage = is.oneOf("yes", "knock", "no");

const Limits = is.object({
    frame: is.integer,
    text: is.integer,
});

const Message = is.object({
    peer: is.string,
    n: is.natural,
    from: is.string,
    text: is.string,
    at: is.natural,
    reply_to: is.optional(is.natural),
    hidden: is.optional(is.boolean),
});

const Conversation = is.object({
    peer: is.string,
    last: Message,
    unread: is.integer,
    read: is.integer,
    peer_read: is.nullable(is.natural),
    muted: is.boolean,
    folder: Folder,
    blocked: is.boolean,
    name: is.string,
});

const Settings = is.object({
    dm_policy: Policy,
    knocks: is.boolean,
    read_receipts: is.boolean,
});

export const REPLIES = new Map(
    Object.entries({
        welcome: is.object({
            user: is.string,
            head: is.natural,
            epoch: is.string,
            resumed: is.boolean,
            now: is.natural,
            limits: Limits,
        }),
        sent: is.object({
            id: is.natural,
            peer: is.string,
            n: is.natural,
            seq: is.natural,
            at: is.natural,
            folder: Folder,
        }),
        ok: is.object({
            id: is.natural,
            seq: is.optional(is.natural),
        }),
        history: is.object({
            id: is.natural,
            peer: is.string,
            messages: is.listOf(Message),
            more: is.boolean,
        }),
        conversations: is.object({
            id: is.natural,
            conversations: is.listOf(Conversation),
            next: is.nullable(is.string),
        }),
        settings: is.object({
            id: is.natural,
            settings: Settings,
            seq: is.optional(is.natural),
        }),
        profile: is.object({
            id: is.natural,
            user: is.string,
            name: is.string,
            can_message: CanMessage,
        }),
        search: is.object({
            id: is.natural,
            hits: is.listOf(Message),
            next: is.nullable(is.string),
        }),
        sync: is.object({
            id: is.natural,
            events: is.listOf(is.anything),
            head: is.natural,
        }),
        pong: is.object({
            id: is.natural,
            head: is.natural,
        }),
        error: is.object({
            code: is.string,
            message: is.string,
            id: is.optional(is.natural),
            retry_after: is.optional(is.number),
        }),
    }),
);

export const EVENTS = new Map(
    Object.entries({
        message: is.object({
            seq: is.natural,
            peer: is.string,
            n: is.natural,
            from: is.string,
            text: is.string,
            at: is.natural,
            folder: Folder,
            reply_to: is.optional(is.natural),
        }),
        read: is.object({
            seq: is.natural,
            peer: is.string,
            by: is.string,
            n: is.natural,
        }),
        conversation: is.object({
            seq: is.natural,
            peer: is.string,
            folder: is.nullable(Folder),
            muted: is.boolean,
            blocked: is.boolean,
        }),
        settings: is.object({
            seq: is.natural,
            settings: Settings,
        }),
        hidden: is.object({
            seq: is.natural,
        }),
        typing: is.object({
            peer: is.string,
        }),
    }),
);

// Codes and limits.

/** Error codes of requests that may succeed when retried. @type {ReadonlySet<string>} */
export const RETRYABLE = new Set(["rate_limited", "unavailable"]);

/** What to do after a close, by close code. @type {Readonly<Record<number, ReconnectAdvice>>} */
export const CLOSE_ADVICE = {
    1003: "never",
    1009: "never",
    1012: "soon",
    4400: "never",
    4401: "new_token",
    4408: "soon",
    4413: "soon",
    4429: "backoff",
};

/** The subprotocol that carries JSON. */
export const SUBPROTOCOL = "bussa.v1.json";
/** Limit of an outgoing frame. The server closes with 1009 on a larger one. */
export const MAX_FRAME_BYTES = 65536;
/** The largest request id; the smallest is 1. */
export const MAX_REQUEST_ID = 2147483647;
/** The largest page. */
export const MAX_PAGE = 200;
