export const REPLIES: Map<string, is.Check>;
export const EVENTS: Map<string, is.Check>;
/** Error codes of requests that may succeed when retried. @type {ReadonlySet<string>} */
export const RETRYABLE: ReadonlySet<string>;
/** What to do after a close, by close code. @type {Readonly<Record<number, ReconnectAdvice>>} */
export const CLOSE_ADVICE: Readonly<Record<number, ReconnectAdvice>>;
/** The subprotocol that carries JSON. */
export const SUBPROTOCOL: "bussa.v1.json";
/** Limit of an outgoing frame. The server closes with 1009 on a larger one. */
export const MAX_FRAME_BYTES: 65536;
/** The largest request id; the smallest is 1. */
export const MAX_REQUEST_ID: 2147483647;
/** The largest page. */
export const MAX_PAGE: 200;
export type Policy = "anyone" | "followers" | "following" | "mutuals" | "nobody";
export type Folder = "inbox" | "requests" | "declined";
export type ReportReason = "spam" | "abuse" | "other";
export type CanMessage = "yes" | "knock" | "no";
/**
 * Why a request was refused, over WebSocket or HTTP. A WebSocket connection stays open.
 */
export type ErrorCode = "bad_request" | "not_allowed" | "awaiting_acceptance" | "not_found" | "conflict" | "rate_limited" | "unavailable";
/**
 * Error codes of HTTP alone; they never appear in an `error` frame.
 */
export type HttpCode = "unauthenticated" | "taken" | "method_not_allowed" | "too_large";
/**
 * What a client does after a close. The values are texts of the AsyncAPI document.
 */
export type ReconnectAdvice = "never" | "soon" | "new_token" | "backoff";
/**
 * A change of some settings. Unknown names are refused, since ignoring one would look like success.
 */
export type SettingsChange = {
    dm_policy?: Policy | undefined;
    knocks?: boolean | undefined;
    read_receipts?: boolean | undefined;
};
/**
 * Limits of the server: bytes of a frame, characters of a text.
 */
export type Limits = {
    frame: number;
    text: number;
};
/**
 * A message in `history`, `last` and `hits`.
 *
 * `hidden` marks a message of a peer whom the reader has blocked: it keeps its `n`, and its `text` is empty.
 */
export type Message = {
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * The number of a message in its conversation, from 1.
     */
    n: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    from: string;
    text: string;
    /**
     * Milliseconds since 1970 UTC.
     */
    at: number;
    /**
     * The number of a message in its conversation, from 1.
     */
    reply_to?: number | undefined;
    hidden?: boolean | undefined;
};
/**
 * A conversation as one participant sees it. `read` is that participant's own mark (0: nothing read yet).
 */
export type Conversation = {
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    last: Message;
    unread: number;
    read: number;
    /**
     * The number of a message in its conversation, from 1.
     */
    peer_read: number | null;
    muted: boolean;
    folder: Folder;
    blocked: boolean;
    name: string;
};
/**
 * The privacy settings of a user (contract, *Who may write to whom*).
 */
export type Settings = {
    dm_policy: Policy;
    knocks: boolean;
    read_receipts: boolean;
};
/**
 * Authenticate and resume; the first frame of a connection.
 *
 * `resume` is the last seq that the client has, in the log of `epoch`.
 */
export type HelloRequest = {
    type: "hello";
    token?: string | null | undefined;
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    resume?: number | null | undefined;
    epoch?: string | null | undefined;
};
/**
 * Read events of the user's own log.
 */
export type SyncRequest = {
    type: "sync";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    after: number;
    /**
     * The maximum number of entries on the page.
     */
    limit?: number | undefined;
};
/**
 * Replace the connection's token by a newer one of the same user.
 */
export type RefreshRequest = {
    type: "refresh";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    token: string;
};
/**
 * Check the connection, and read the head of the log.
 */
export type PingRequest = {
    type: "ping";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
};
/**
 * Send a message to a user.
 */
export type SendRequest = {
    type: "send";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    to: string;
    /**
     * The text of a message.
     */
    text: string;
    /**
     * Chosen by the sender; makes a send safe to retry.
     */
    nonce: string;
    /**
     * The number of a message in its conversation, from 1.
     */
    reply_to?: number | null | undefined;
};
/**
 * Read messages of a conversation.
 *
 * The newest, those `before` an n, or those `after` one.
 */
export type HistoryRequest = {
    type: "history";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * The number of a message in its conversation, from 1.
     */
    before?: number | null | undefined;
    after?: number | null | undefined;
    /**
     * The maximum number of entries on the page.
     */
    limit?: number | undefined;
};
/**
 * Mark the messages up to `n` as read.
 */
export type ReadRequest = {
    type: "read";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * The number of a message in its conversation, from 1.
     */
    n: number;
};
/**
 * Show the peer that the user is typing. Ephemeral: no id, no reply.
 */
export type TypingRequest = {
    type: "typing";
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
/**
 * List conversations, newest first.
 */
export type ConversationsRequest = {
    type: "conversations";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    folder?: "inbox" | "requests" | undefined;
    /**
     * Where the next page begins: the `next` of a reply.
     */
    before?: string | null | undefined;
    /**
     * The maximum number of entries on the page.
     */
    limit?: number | undefined;
};
/**
 * Accept a conversation: its peer may write to the inbox.
 */
export type AcceptRequest = {
    type: "accept";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
/**
 * Decline a conversation: its peer is refused until accepted or written to.
 */
export type DeclineRequest = {
    type: "decline";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
/**
 * Mute a conversation.
 */
export type MuteRequest = {
    type: "mute";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Unmute a conversation.
 */
export type UnmuteRequest = {
    type: "unmute";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Read a user's name, and whether one may write to that user.
 */
export type ProfileRequest = {
    type: "profile";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Block a user: neither may write to the other.
 */
export type BlockRequest = {
    type: "block";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Unblock a user.
 */
export type UnblockRequest = {
    type: "unblock";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Report a conversation or one of its messages, and decline the conversation.
 *
 * `n` is the reported message; `block` also blocks the peer.
 */
export type ReportRequest = {
    type: "report";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    reason: ReportReason;
    /**
     * The number of a message in its conversation, from 1.
     */
    n?: number | null | undefined;
    block?: boolean | undefined;
};
/**
 * Read or change the user's own privacy settings.
 *
 * `set` changes some; the reply has the result.
 */
export type SettingsRequest = {
    type: "settings";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    set?: SettingsChange | null | undefined;
};
/**
 * Search the messages of the user's own conversations.
 */
export type SearchRequest = {
    type: "search";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    query: string;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer?: string | null | undefined;
    /**
     * Where the next page begins: the `next` of a reply.
     */
    before?: string | null | undefined;
    /**
     * The maximum number of entries on the page.
     */
    limit?: number | undefined;
};
export type Request = HelloRequest | SyncRequest | RefreshRequest | PingRequest | SendRequest | HistoryRequest | ReadRequest | TypingRequest | ConversationsRequest | AcceptRequest | DeclineRequest | MuteRequest | UnmuteRequest | ProfileRequest | BlockRequest | UnblockRequest | ReportRequest | SettingsRequest | SearchRequest;
/**
 * The reply to `hello`. If `resumed`, the events after `resume` follow; else those after `head`.
 */
export type WelcomeReply = {
    type: "welcome";
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    head: number;
    epoch: string;
    resumed: boolean;
    /**
     * Milliseconds since 1970 UTC.
     */
    now: number;
    limits: Limits;
};
/**
 * `events` are the maps as they were pushed, ascending by seq.
 */
export type SyncReply = {
    type: "sync";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    events: unknown[];
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    head: number;
};
export type PongReply = {
    type: "pong";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    head: number;
};
export type SentReply = {
    type: "sent";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * The number of a message in its conversation, from 1.
     */
    n: number;
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * Milliseconds since 1970 UTC.
     */
    at: number;
    folder: Folder;
};
/**
 * `more`: there are further messages in the requested direction.
 */
export type HistoryReply = {
    type: "history";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    messages: Message[];
    more: boolean;
};
export type ConversationsReply = {
    type: "conversations";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    conversations: Conversation[];
    next: string | null;
};
export type ProfileReply = {
    type: "profile";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
    name: string;
    can_message: CanMessage;
};
export type SettingsReply = {
    type: "settings";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    settings: Settings;
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq?: number | undefined;
};
export type SearchReply = {
    type: "search";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    hits: Message[];
    next: string | null;
};
export type OkReply = {
    type: "ok";
    /**
     * Chosen by the client; the reply carries the same.
     */
    id: number;
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq?: number | undefined;
};
/**
 * A request was refused. `id` is left out if it could not be read; `retry_after` is in seconds.
 */
export type ErrorReply = {
    type: "error";
    code: ErrorCode;
    message: string;
    /**
     * Chosen by the client; the reply carries the same.
     */
    id?: number | undefined;
    retry_after?: number | undefined;
};
export type Reply = WelcomeReply | SyncReply | PongReply | SentReply | HistoryReply | ConversationsReply | ProfileReply | SettingsReply | SearchReply | OkReply | ErrorReply;
/**
 * The reply to each request, by the request's type. Requests without a reply are left out.
 */
export type ReplyTypes = {
    hello: WelcomeReply;
    sync: SyncReply;
    refresh: OkReply;
    ping: PongReply;
    send: SentReply;
    history: HistoryReply;
    read: OkReply;
    conversations: ConversationsReply;
    accept: OkReply;
    decline: OkReply;
    mute: OkReply;
    unmute: OkReply;
    profile: ProfileReply;
    block: OkReply;
    unblock: OkReply;
    report: OkReply;
    settings: SettingsReply;
    search: SearchReply;
};
/**
 * A message of the conversation with `peer`, by either participant.
 *
 * `folder` is where the recipient has it: `inbox`, or `requests` for a knock.
 */
export type MessageEvent = {
    type: "message";
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * The number of a message in its conversation, from 1.
     */
    n: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    from: string;
    text: string;
    /**
     * Milliseconds since 1970 UTC.
     */
    at: number;
    folder: Folder;
    /**
     * The number of a message in its conversation, from 1.
     */
    reply_to?: number | undefined;
};
/**
 * `by` has read the conversation with `peer` up to `n`.
 */
export type ReadEvent = {
    type: "read";
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    by: string;
    /**
     * The number of a message in its conversation, from 1.
     */
    n: number;
};
/**
 * The peer is typing. Ephemeral: no seq.
 */
export type TypingEvent = {
    type: "typing";
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
/**
 * The state of a conversation after accept, decline, mute, block or report.
 *
 * `folder` is null before the first message.
 */
export type ConversationEvent = {
    type: "conversation";
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * A user id: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    folder: Folder | null;
    muted: boolean;
    blocked: boolean;
};
/**
 * Replaces an event of a peer whom the user has blocked since.
 */
export type HiddenEvent = {
    type: "hidden";
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq: number;
};
/**
 * The user's privacy settings have changed.
 */
export type SettingsEvent = {
    type: "settings";
    /**
     * The number of an event in its user's log, from 1; 0: before the first.
     */
    seq: number;
    settings: Settings;
};
export type LogEvent = MessageEvent | ReadEvent | ConversationEvent | HiddenEvent | SettingsEvent;
export type Event = MessageEvent | ReadEvent | TypingEvent | ConversationEvent | HiddenEvent | SettingsEvent;
import * as is from "./checks.js";
