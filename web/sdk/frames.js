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
 * Why a request was refused, over WebSocket or HTTP. A WebSocket connection stays open.
 *
 * @typedef {"bad_request" | "not_allowed" | "awaiting_acceptance" | "not_found" | "conflict" | "rate_limited" |
 *     "unavailable"} ErrorCode
 */

/**
 * Error codes of HTTP alone; they never appear in an `error` frame.
 *
 * @typedef {"unauthenticated" | "taken" | "method_not_allowed" | "too_large"} HttpCode
 */

/**
 * What a client does after a close. The values are texts of the AsyncAPI document.
 *
 * @typedef {"never" | "soon" | "new_token" | "backoff"} ReconnectAdvice
 */

/**
 * A change of some settings. Unknown names are refused, since ignoring one would look like success.
 *
 * @typedef {object} SettingsChange
 * @property {Policy} [dm_policy]
 * @property {boolean} [knocks]
 * @property {boolean} [read_receipts]
 */

/**
 * Limits of the server: bytes of a frame, characters of a text.
 *
 * @typedef {object} Limits
 * @property {number} frame
 * @property {number} text
 */

/**
 * A message in `history`, `last` and `hits`.
 *
 * `hidden` marks a message of a peer whom the reader has blocked: it keeps its `n`, and its `text` is empty.
 *
 * @typedef {object} Message
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n The number of a message in its conversation, from 1.
 * @property {string} from A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} text
 * @property {number} at Milliseconds since 1970 UTC.
 * @property {number} [reply_to] The number of a message in its conversation, from 1.
 * @property {boolean} [hidden]
 */

/**
 * A conversation as one participant sees it. `read` is that participant's own mark (0: nothing read yet).
 *
 * @typedef {object} Conversation
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {Message} last
 * @property {number} unread
 * @property {number} read
 * @property {number | null} peer_read The number of a message in its conversation, from 1.
 * @property {boolean} muted
 * @property {Folder} folder
 * @property {boolean} blocked
 * @property {string} name
 */

/**
 * The privacy settings of a user (contract, *Who may write to whom*).
 *
 * @typedef {object} Settings
 * @property {Policy} dm_policy
 * @property {boolean} knocks
 * @property {boolean} read_receipts
 */

// Requests.

/**
 * Authenticate and resume; the first frame of a connection.
 *
 * `resume` is the last seq that the client has, in the log of `epoch`.
 *
 * @typedef {object} HelloRequest
 * @property {"hello"} type
 * @property {string | null} [token]
 * @property {number | null} [resume] The number of an event in its user's log, from 1; 0: before the first.
 * @property {string | null} [epoch]
 */

/**
 * Read events of the user's own log.
 *
 * @typedef {object} SyncRequest
 * @property {"sync"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {number} after The number of an event in its user's log, from 1; 0: before the first.
 * @property {number} [limit] The maximum number of entries on the page.
 */

/**
 * Replace the connection's token by a newer one of the same user.
 *
 * @typedef {object} RefreshRequest
 * @property {"refresh"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} token
 */

/**
 * Check the connection, and read the head of the log.
 *
 * @typedef {object} PingRequest
 * @property {"ping"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 */

/**
 * Send a message to a user.
 *
 * @typedef {object} SendRequest
 * @property {"send"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} to A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} text The text of a message.
 * @property {string} nonce Chosen by the sender; makes a send safe to retry.
 * @property {number | null} [reply_to] The number of a message in its conversation, from 1.
 */

/**
 * Read messages of a conversation.
 *
 * The newest, those `before` an n, or those `after` one.
 *
 * @typedef {object} HistoryRequest
 * @property {"history"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {number | null} [before] The number of a message in its conversation, from 1.
 * @property {number | null} [after]
 * @property {number} [limit] The maximum number of entries on the page.
 */

/**
 * Mark the messages up to `n` as read.
 *
 * @typedef {object} ReadRequest
 * @property {"read"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n The number of a message in its conversation, from 1.
 */

/**
 * Show the peer that the user is typing. Ephemeral: no id, no reply.
 *
 * @typedef {object} TypingRequest
 * @property {"typing"} type
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * List conversations, newest first.
 *
 * @typedef {object} ConversationsRequest
 * @property {"conversations"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {"inbox" | "requests"} [folder]
 * @property {string | null} [before] Where the next page begins: the `next` of a reply.
 * @property {number} [limit] The maximum number of entries on the page.
 */

/**
 * Accept a conversation: its peer may write to the inbox.
 *
 * @typedef {object} AcceptRequest
 * @property {"accept"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Decline a conversation: its peer is refused until accepted or written to.
 *
 * @typedef {object} DeclineRequest
 * @property {"decline"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Mute a conversation.
 *
 * @typedef {object} MuteRequest
 * @property {"mute"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} user A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Unmute a conversation.
 *
 * @typedef {object} UnmuteRequest
 * @property {"unmute"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} user A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Read a user's name, and whether one may write to that user.
 *
 * @typedef {object} ProfileRequest
 * @property {"profile"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} user A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Block a user: neither may write to the other.
 *
 * @typedef {object} BlockRequest
 * @property {"block"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} user A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Unblock a user.
 *
 * @typedef {object} UnblockRequest
 * @property {"unblock"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} user A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * Report a conversation or one of its messages, and decline the conversation.
 *
 * `n` is the reported message; `block` also blocks the peer.
 *
 * @typedef {object} ReportRequest
 * @property {"report"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {ReportReason} reason
 * @property {number | null} [n] The number of a message in its conversation, from 1.
 * @property {boolean} [block]
 */

/**
 * Read or change the user's own privacy settings.
 *
 * `set` changes some; the reply has the result.
 *
 * @typedef {object} SettingsRequest
 * @property {"settings"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {SettingsChange | null} [set]
 */

/**
 * Search the messages of the user's own conversations.
 *
 * @typedef {object} SearchRequest
 * @property {"search"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} query
 * @property {string | null} [peer] A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {string | null} [before] Where the next page begins: the `next` of a reply.
 * @property {number} [limit] The maximum number of entries on the page.
 */

/**
 * @typedef {HelloRequest | SyncRequest | RefreshRequest | PingRequest | SendRequest | HistoryRequest | ReadRequest |
 *     TypingRequest | ConversationsRequest | AcceptRequest | DeclineRequest | MuteRequest | UnmuteRequest |
 *     ProfileRequest | BlockRequest | UnblockRequest | ReportRequest | SettingsRequest | SearchRequest} Request
 */

// Replies.

/**
 * The reply to `hello`. If `resumed`, the events after `resume` follow; else those after `head`.
 *
 * @typedef {object} WelcomeReply
 * @property {"welcome"} type
 * @property {string} user A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} head The number of an event in its user's log, from 1; 0: before the first.
 * @property {string} epoch
 * @property {boolean} resumed
 * @property {number} now Milliseconds since 1970 UTC.
 * @property {Limits} limits
 */

/**
 * `events` are the maps as they were pushed, ascending by seq.
 *
 * @typedef {object} SyncReply
 * @property {"sync"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {unknown[]} events
 * @property {number} head The number of an event in its user's log, from 1; 0: before the first.
 */

/**
 * @typedef {object} PongReply
 * @property {"pong"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {number} head The number of an event in its user's log, from 1; 0: before the first.
 */

/**
 * @typedef {object} SentReply
 * @property {"sent"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n The number of a message in its conversation, from 1.
 * @property {number} seq The number of an event in its user's log, from 1; 0: before the first.
 * @property {number} at Milliseconds since 1970 UTC.
 * @property {Folder} folder
 */

/**
 * `more`: there are further messages in the requested direction.
 *
 * @typedef {object} HistoryReply
 * @property {"history"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {Message[]} messages
 * @property {boolean} more
 */

/**
 * @typedef {object} ConversationsReply
 * @property {"conversations"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {Conversation[]} conversations
 * @property {string | null} next
 */

/**
 * @typedef {object} ProfileReply
 * @property {"profile"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {string} user A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} name
 * @property {CanMessage} can_message
 */

/**
 * @typedef {object} SettingsReply
 * @property {"settings"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {Settings} settings
 * @property {number} [seq] The number of an event in its user's log, from 1; 0: before the first.
 */

/**
 * @typedef {object} SearchReply
 * @property {"search"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {Message[]} hits
 * @property {string | null} next
 */

/**
 * @typedef {object} OkReply
 * @property {"ok"} type
 * @property {number} id Chosen by the client; the reply carries the same.
 * @property {number} [seq] The number of an event in its user's log, from 1; 0: before the first.
 */

/**
 * A request was refused. `id` is left out if it could not be read; `retry_after` is in seconds.
 *
 * @typedef {object} ErrorReply
 * @property {"error"} type
 * @property {ErrorCode} code
 * @property {string} message
 * @property {number} [id] Chosen by the client; the reply carries the same.
 * @property {number} [retry_after]
 */

/**
 * @typedef {WelcomeReply | SyncReply | PongReply | SentReply | HistoryReply | ConversationsReply | ProfileReply |
 *     SettingsReply | SearchReply | OkReply | ErrorReply} Reply
 */

/**
 * The reply to each request, by the request's type. Requests without a reply are left out.
 *
 * @typedef {object} ReplyTypes
 * @property {WelcomeReply} hello
 * @property {SyncReply} sync
 * @property {OkReply} refresh
 * @property {PongReply} ping
 * @property {SentReply} send
 * @property {HistoryReply} history
 * @property {OkReply} read
 * @property {ConversationsReply} conversations
 * @property {OkReply} accept
 * @property {OkReply} decline
 * @property {OkReply} mute
 * @property {OkReply} unmute
 * @property {ProfileReply} profile
 * @property {OkReply} block
 * @property {OkReply} unblock
 * @property {OkReply} report
 * @property {SettingsReply} settings
 * @property {SearchReply} search
 */

// Events.

/**
 * A message of the conversation with `peer`, by either participant.
 *
 * `folder` is where the recipient has it: `inbox`, or `requests` for a knock.
 *
 * @typedef {object} MessageEvent
 * @property {"message"} type
 * @property {number} seq The number of an event in its user's log, from 1; 0: before the first.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n The number of a message in its conversation, from 1.
 * @property {string} from A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} text
 * @property {number} at Milliseconds since 1970 UTC.
 * @property {Folder} folder
 * @property {number} [reply_to] The number of a message in its conversation, from 1.
 */

/**
 * `by` has read the conversation with `peer` up to `n`.
 *
 * @typedef {object} ReadEvent
 * @property {"read"} type
 * @property {number} seq The number of an event in its user's log, from 1; 0: before the first.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {string} by A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {number} n The number of a message in its conversation, from 1.
 */

/**
 * The peer is typing. Ephemeral: no seq.
 *
 * @typedef {object} TypingEvent
 * @property {"typing"} type
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 */

/**
 * The state of a conversation after accept, decline, mute, block or report.
 *
 * `folder` is null before the first message.
 *
 * @typedef {object} ConversationEvent
 * @property {"conversation"} type
 * @property {number} seq The number of an event in its user's log, from 1; 0: before the first.
 * @property {string} peer A user id: [A-Za-z0-9_.:-]{1,64}.
 * @property {Folder | null} folder
 * @property {boolean} muted
 * @property {boolean} blocked
 */

/**
 * Replaces an event of a peer whom the user has blocked since.
 *
 * @typedef {object} HiddenEvent
 * @property {"hidden"} type
 * @property {number} seq The number of an event in its user's log, from 1; 0: before the first.
 */

/**
 * The user's privacy settings have changed.
 *
 * @typedef {object} SettingsEvent
 * @property {"settings"} type
 * @property {number} seq The number of an event in its user's log, from 1; 0: before the first.
 * @property {Settings} settings
 */

/**
 * @typedef {MessageEvent | ReadEvent | ConversationEvent | HiddenEvent | SettingsEvent} LogEvent
 */

/**
 * @typedef {MessageEvent | ReadEvent | TypingEvent | ConversationEvent | HiddenEvent | SettingsEvent} Event
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
        sync: is.object({
            id: is.natural,
            events: is.listOf(is.anything),
            head: is.natural,
        }),
        pong: is.object({
            id: is.natural,
            head: is.natural,
        }),
        sent: is.object({
            id: is.natural,
            peer: is.string,
            n: is.natural,
            seq: is.natural,
            at: is.natural,
            folder: Folder,
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
        profile: is.object({
            id: is.natural,
            user: is.string,
            name: is.string,
            can_message: CanMessage,
        }),
        settings: is.object({
            id: is.natural,
            settings: Settings,
            seq: is.optional(is.natural),
        }),
        search: is.object({
            id: is.natural,
            hits: is.listOf(Message),
            next: is.nullable(is.string),
        }),
        ok: is.object({
            id: is.natural,
            seq: is.optional(is.natural),
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
        typing: is.object({
            peer: is.string,
        }),
        conversation: is.object({
            seq: is.natural,
            peer: is.string,
            folder: is.nullable(Folder),
            muted: is.boolean,
            blocked: is.boolean,
        }),
        hidden: is.object({
            seq: is.natural,
        }),
        settings: is.object({
            seq: is.natural,
            settings: Settings,
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
