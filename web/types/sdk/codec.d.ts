/**
 * Encode a request. Undefined fields are left out.
 *
 * @param {Request} request
 * @throws {BadRequestError} too large for a frame, or not valid Unicode
 */
export function encode(request: Request): string;
/**
 * Decode a frame; one of an unknown type is `skipped`.
 *
 * @param {unknown} data
 * @returns {Reply | Event | Skipped}
 * @throws {ProtocolError} not a JSON object with a type
 */
export function decode(data: unknown): Reply | Event | Skipped;
/**
 * Validate a parsed frame, or an entry of a `sync` reply.
 *
 * `settings` is both a reply and an event; the `id` tells them apart.
 *
 * @param {unknown} value
 * @returns {Reply | Event | Skipped}
 */
export function parseFrame(value: unknown): Reply | Event | Skipped;
/**
 * Whether a decoded frame is a reply to a request, and not an event.
 *
 * @param {{type: string}} frame
 * @returns {frame is SuccessReply}
 */
export function isReply(frame: {
    type: string;
}): frame is SuccessReply;
export type Request = import("./frames.js").Request;
export type Reply = import("./frames.js").Reply;
export type Event = import("./frames.js").Event;
/**
 * a reply with the id of its request, and no error
 */
export type SuccessReply = Exclude<Reply, {
    type: "welcome" | "error";
}>;
/**
 * A request before it is given an id. A type unknown to this SDK may have any fields.
 */
export type RequestWithoutId<T extends string = string> = {
    type: T;
} & (T extends Request["type"] ? Omit<Extract<Request, {
    type: T;
}>, "id"> : Record<string, unknown>);
/**
 * The reply to a request of type `T`.
 */
export type ReplyTo<T extends string> = T extends keyof import("./frames.js").ReplyTypes ? import("./frames.js").ReplyTypes[T] : any;
/**
 * A frame of an unknown type. Its `seq` still counts in the log, its `id` still settles a request.
 */
export type Skipped = {
    type: "skipped";
    of: string;
    seq: number | null;
    id: number | null;
};
