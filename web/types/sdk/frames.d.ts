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
 * Why one request was refused, over the socket or over HTTP; a connection stays open.
 */
export type ErrorCode = "bad_request" | "not_allowed" | "awaiting_acceptance" | "not_found" | "conflict" | "rate_limited" | "unavailable";
/**
 * Why one call was refused, where only HTTP has the reason: never in an `error` frame.
 */
export type HttpCode = "unauthenticated" | "taken" | "method_not_allowed" | "too_large";
/**
 * What a client does after a close.
 */
export type ReconnectAdvice = "never" | "soon" | "new_token" | "backoff";
/**
 * Some of the settings. An unknown name is refused: silence would look like obedience.
 */
export type SettingsChange = {
    dm_policy?: Policy | undefined;
    knocks?: boolean | undefined;
    read_receipts?: boolean | undefined;
};
/**
 * What the server accepts: bytes of a frame, characters of a text.
 */
export type Limits = {
    frame: number;
    text: number;
};
/**
 * One message, as `history`, `last` and `hits` show it.
 *
 * `hidden` (and then an empty `text`) is a message of a peer whom the reader has blocked:
 * its number keeps its place, nothing of what it said is shown.
 */
export type Message = {
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * A message's number in its conversation, from 1.
     */
    n: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    from: string;
    text: string;
    /**
     * Milliseconds since 1970 UTC.
     */
    at: number;
    /**
     * A message's number in its conversation, from 1.
     */
    reply_to?: number | undefined;
    hidden?: boolean | undefined;
};
/**
 * A conversation as one of its sides sees it. `read` is its own mark (0: nothing read yet).
 */
export type Conversation = {
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    last: Message;
    unread: number;
    read: number;
    /**
     * A message's number in its conversation, from 1.
     */
    peer_read: number | null;
    muted: boolean;
    folder: Folder;
    blocked: boolean;
    name: string;
};
/**
 * A user's door (contract, *Who may write to whom*).
 */
export type Settings = {
    dm_policy: Policy;
    knocks: boolean;
    read_receipts: boolean;
};
/**
 * The first frame. `resume` is the last seq the client has, counted in `epoch`.
 */
export type HelloRequest = {
    type: "hello";
    token?: string | null | undefined;
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    resume?: number | null | undefined;
    epoch?: string | null | undefined;
};
/**
 * The user is writing to `peer`. Fleeting: no id, no reply, no seq.
 */
export type TypingRequest = {
    type: "typing";
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
/**
 * Write to a person.
 */
export type SendRequest = {
    type: "send";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    to: string;
    /**
     * What a message says.
     */
    text: string;
    /**
     * The sender's choice; makes a send safe to repeat.
     */
    nonce: string;
    /**
     * A message's number in its conversation, from 1.
     */
    reply_to?: number | null | undefined;
};
/**
 * Messages of a conversation: the newest, those `before` an n, or those `after` one.
 */
export type HistoryRequest = {
    type: "history";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * A message's number in its conversation, from 1.
     */
    before?: number | null | undefined;
    after?: number | null | undefined;
    /**
     * How many at the most.
     */
    limit?: number | undefined;
};
/**
 * List conversations, newest first.
 */
export type ConversationsRequest = {
    type: "conversations";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    folder?: "inbox" | "requests" | undefined;
    /**
     * Where the next page begins: the `next` of a reply.
     */
    before?: string | null | undefined;
    /**
     * How many at the most.
     */
    limit?: number | undefined;
};
/**
 * Everything up to `n` has been read.
 */
export type ReadRequest = {
    type: "read";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * A message's number in its conversation, from 1.
     */
    n: number;
};
/**
 * Let in who knocked.
 */
export type AcceptRequest = {
    type: "accept";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
/**
 * Turn away who knocked, or whoever wrote.
 */
export type DeclineRequest = {
    type: "decline";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
/**
 * Neither hear from a person nor write there.
 */
export type BlockRequest = {
    type: "block";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Undo a block.
 */
export type UnblockRequest = {
    type: "unblock";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Keep a conversation quiet.
 */
export type MuteRequest = {
    type: "mute";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Undo a mute.
 */
export type UnmuteRequest = {
    type: "unmute";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * `n` names the message that gave offence; `block` also blocks its sender.
 */
export type ReportRequest = {
    type: "report";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    reason: ReportReason;
    /**
     * A message's number in its conversation, from 1.
     */
    n?: number | null | undefined;
    block?: boolean | undefined;
};
/**
 * Read the settings, or `set` some and read the outcome.
 */
export type SettingsRequest = {
    type: "settings";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    set?: SettingsChange | null | undefined;
};
/**
 * See a person, and whether one may write there.
 */
export type ProfileRequest = {
    type: "profile";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
};
/**
 * Find messages of one's own conversations.
 */
export type SearchRequest = {
    type: "search";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    query: string;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer?: string | null | undefined;
    /**
     * Where the next page begins: the `next` of a reply.
     */
    before?: string | null | undefined;
    /**
     * How many at the most.
     */
    limit?: number | undefined;
};
/**
 * Events of the user's own log after a seq.
 */
export type SyncRequest = {
    type: "sync";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    after: number;
    /**
     * How many at the most.
     */
    limit?: number | undefined;
};
/**
 * Go on with a newer token of the same user.
 */
export type RefreshRequest = {
    type: "refresh";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    token: string;
};
/**
 * Is anybody there? And how far has the log come?
 */
export type PingRequest = {
    type: "ping";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
};
export type Request = HelloRequest | TypingRequest | SendRequest | HistoryRequest | ConversationsRequest | ReadRequest | AcceptRequest | DeclineRequest | BlockRequest | UnblockRequest | MuteRequest | UnmuteRequest | ReportRequest | SettingsRequest | ProfileRequest | SearchRequest | SyncRequest | RefreshRequest | PingRequest;
/**
 * The answer to `hello`. `resumed`: what came after `resume` follows; else it begins at `head` + 1.
 */
export type WelcomeReply = {
    type: "welcome";
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
    /**
     * A number in a user's log, from 1; 0: before the first.
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
export type SentReply = {
    type: "sent";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * A message's number in its conversation, from 1.
     */
    n: number;
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * Milliseconds since 1970 UTC.
     */
    at: number;
    folder: Folder;
};
export type OkReply = {
    type: "ok";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq?: number | undefined;
};
/**
 * `more`: there are further messages in the direction that was asked for.
 */
export type HistoryReply = {
    type: "history";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    messages: Message[];
    more: boolean;
};
export type ConversationsReply = {
    type: "conversations";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    conversations: Conversation[];
    next: string | null;
};
export type SettingsReply = {
    type: "settings";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    settings: Settings;
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq?: number | undefined;
};
export type ProfileReply = {
    type: "profile";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    user: string;
    name: string;
    can_message: CanMessage;
};
export type SearchReply = {
    type: "search";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    hits: Message[];
    next: string | null;
};
/**
 * `events` are the very maps that were pushed, ascending by seq.
 */
export type SyncReply = {
    type: "sync";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    events: unknown[];
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    head: number;
};
export type PongReply = {
    type: "pong";
    /**
     * The client's choice; its reply carries the same.
     */
    id: number;
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    head: number;
};
/**
 * One request was refused. `id` is left out where it could not be read; `retry_after` is in seconds.
 */
export type ErrorReply = {
    type: "error";
    code: ErrorCode;
    message: string;
    /**
     * The client's choice; its reply carries the same.
     */
    id?: number | undefined;
    retry_after?: number | undefined;
};
export type Reply = WelcomeReply | SentReply | OkReply | HistoryReply | ConversationsReply | SettingsReply | ProfileReply | SearchReply | SyncReply | PongReply | ErrorReply;
/**
 * The reply to each request, by the request's type. Requests without a reply are left out.
 */
export type ReplyTypes = {
    hello: WelcomeReply;
    send: SentReply;
    history: HistoryReply;
    conversations: ConversationsReply;
    read: OkReply;
    accept: OkReply;
    decline: OkReply;
    block: OkReply;
    unblock: OkReply;
    mute: OkReply;
    unmute: OkReply;
    report: OkReply;
    settings: SettingsReply;
    profile: ProfileReply;
    search: SearchReply;
    sync: SyncReply;
    refresh: OkReply;
    ping: PongReply;
};
/**
 * A message of a conversation with `peer`, by either side.
 *
 * `folder` is where it was put at its recipient: `inbox`, or `requests` for a knock.
 */
export type MessageEvent = {
    type: "message";
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * A message's number in its conversation, from 1.
     */
    n: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    from: string;
    text: string;
    /**
     * Milliseconds since 1970 UTC.
     */
    at: number;
    folder: Folder;
    /**
     * A message's number in its conversation, from 1.
     */
    reply_to?: number | undefined;
};
/**
 * `by` has read the conversation with `peer` up to `n`.
 */
export type ReadEvent = {
    type: "read";
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    by: string;
    /**
     * A message's number in its conversation, from 1.
     */
    n: number;
};
/**
 * What accept, decline, mute, block or report changed. `folder` is null where nothing was written yet.
 */
export type ConversationEvent = {
    type: "conversation";
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq: number;
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
    folder: Folder | null;
    muted: boolean;
    blocked: boolean;
};
/**
 * The user's own door has changed.
 */
export type SettingsEvent = {
    type: "settings";
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq: number;
    settings: Settings;
};
/**
 * In place of an event of a peer whom the user has blocked since.
 */
export type HiddenEvent = {
    type: "hidden";
    /**
     * A number in a user's log, from 1; 0: before the first.
     */
    seq: number;
};
/**
 * The peer is writing. Fleeting: no seq.
 */
export type TypingEvent = {
    type: "typing";
    /**
     * A user: [A-Za-z0-9_.:-]{1,64}.
     */
    peer: string;
};
export type LogEvent = MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent;
export type Event = MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent | TypingEvent;
import * as is from "./checks.js";
