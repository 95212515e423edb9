/**
 * Whether `value` is an object with every field of `shape`.
 *
 * @param {Record<string, Check>} shape
 * @param {unknown} value
 */
export function matches(shape: Record<string, Check>, value: unknown): boolean;
/** @typedef {Record<string, Record<string, Check>>} Shapes */
export const EVENTS: Map<string, Record<string, Check>>;
export const REPLIES: Map<string, Record<string, Check>>;
export type Policy = "anyone" | "followers" | "following" | "mutuals" | "nobody";
export type Folder = "inbox" | "requests" | "declined";
export type Reason = "spam" | "abuse" | "other";
export type CanMessage = "yes" | "knock" | "no";
export type Message = {
    peer: string;
    n: number;
    from: string;
    text: string;
    at: number;
    reply_to?: number;
    hidden?: boolean;
};
export type Conversation = {
    peer: string;
    last: Message;
    unread: number;
    read: number;
    peer_read: number | null;
    muted: boolean;
    folder: Folder;
    blocked: boolean;
    name: string;
};
export type Settings = {
    dm_policy: Policy;
    knocks: boolean;
    read_receipts: boolean;
};
export type MessageEvent = Message & {
    type: "message";
    seq: number;
    folder: Folder;
};
export type ReadEvent = {
    type: "read";
    seq: number;
    peer: string;
    by: string;
    n: number;
};
export type ConversationEvent = {
    type: "conversation";
    seq: number;
    peer: string;
    folder: Folder | null;
    muted: boolean;
    blocked: boolean;
};
export type SettingsEvent = {
    type: "settings";
    seq: number;
    settings: Settings;
};
export type HiddenEvent = {
    type: "hidden";
    seq: number;
};
export type TypingEvent = {
    type: "typing";
    peer: string;
};
export type LogEvent = MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent;
export type Event = LogEvent | TypingEvent;
export type Welcome = {
    type: "welcome";
    user: string;
    head: number;
    epoch: string;
    resumed: boolean;
    now: number;
    limits: {
        frame: number;
        text: number;
    };
};
export type Sent = {
    type: "sent";
    id: number;
    peer: string;
    n: number;
    seq: number;
    at: number;
    folder: Folder;
};
export type Ok = {
    type: "ok";
    id: number;
    seq?: number;
};
export type History = {
    type: "history";
    id: number;
    peer: string;
    messages: Message[];
    more: boolean;
};
export type Conversations = {
    type: "conversations";
    id: number;
    conversations: Conversation[];
    next: string | null;
};
export type SettingsReply = {
    type: "settings";
    id: number;
    settings: Settings;
    seq?: number;
};
export type Profile = {
    type: "profile";
    id: number;
    user: string;
    name: string;
    can_message: CanMessage;
};
export type Search = {
    type: "search";
    id: number;
    hits: Message[];
    next: string | null;
};
export type Sync = {
    type: "sync";
    id: number;
    events: unknown[];
    head: number;
};
export type Pong = {
    type: "pong";
    id: number;
    head: number;
};
export type Refusal = {
    type: "error";
    id?: number;
    code: string;
    message: string;
    retry_after?: number;
};
export type Answered = Sent | Ok | History | Conversations | SettingsReply | Profile | Search | Sync | Pong;
export type Reply = Welcome | Answered | Refusal;
export type Request = {
    type: string;
    id: number;
    nonce?: string;
    to?: string;
    text?: string;
    reply_to?: number;
    [field: string]: unknown;
};
/**
 * A frame of an unknown type. Its `seq` still counts in the log, its `id` still settles a request.
 */
export type Skipped = {
    type: "skipped";
    of: string;
    seq: number | null;
    id: number | null;
};
export type Check = (value: unknown) => boolean;
export type Shapes = Record<string, Record<string, Check>>;
