/** Encodes and decodes frames of the subprotocol `bussa.v1.json`. Incoming frames are validated. */

import { natural } from "./checks.js";
import { BadRequestError, ProtocolError } from "./errors.js";
import { EVENTS, MAX_FRAME_BYTES, REPLIES } from "./frames.js";

/**
 * @typedef {import("./frames.js").Request} Request
 * @typedef {import("./frames.js").Reply} Reply
 * @typedef {import("./frames.js").Event} Event
 * @typedef {Exclude<Reply, {type: "welcome" | "error"}>} SuccessReply a reply with the id of its request, and no error
 */

/**
 * A request before it is given an id. A type unknown to this SDK may have any fields.
 *
 * @template {string} [T=string]
 * @typedef {{type: T} & (T extends Request["type"] ? Omit<Extract<Request, {type: T}>, "id"> : Record<string, unknown>)}
 *     RequestWithoutId
 */

/**
 * The reply to a request of type `T`.
 *
 * @template {string} T
 * @typedef {T extends keyof import("./frames.js").ReplyTypes ? import("./frames.js").ReplyTypes[T] : any} ReplyTo
 */

/**
 * A frame of an unknown type. Its `seq` still counts in the log, its `id` still settles a request.
 *
 * @typedef {{type: "skipped", of: string, seq: number | null, id: number | null}} Skipped
 */

// With the u flag the regex sees code points, so this class matches unpaired surrogates only.
const LONE_SURROGATE = /\p{Surrogate}/u;
const bytes = new TextEncoder();

/**
 * Encode a request. Undefined fields are left out.
 *
 * @param {Request} request
 * @throws {BadRequestError} too large for a frame, or not valid Unicode
 */
export function encode(request) {
    for (const value of Object.values(request)) {
        if (typeof value === "string" && LONE_SURROGATE.test(value)) {
            throw new BadRequestError("bad_request", "unpaired surrogate");
        }
    }
    const data = JSON.stringify(request);
    const size = bytes.encode(data).length;
    if (size > MAX_FRAME_BYTES) {
        throw new BadRequestError("bad_request", `frame too large: ${size} bytes, at most ${MAX_FRAME_BYTES}`);
    }
    return data;
}

/**
 * Decode a frame; one of an unknown type is `skipped`.
 *
 * @param {unknown} data
 * @returns {Reply | Event | Skipped}
 * @throws {ProtocolError} not a JSON object with a type
 */
export function decode(data) {
    if (typeof data !== "string") throw new ProtocolError("binary frame on a text subprotocol");
    let value;
    try {
        value = JSON.parse(data);
    } catch (error) {
        throw new ProtocolError(`not JSON: ${error}`);
    }
    return parseFrame(value);
}

/**
 * Validate a parsed frame, or an entry of a `sync` reply.
 *
 * `settings` is both a reply and an event; the `id` tells them apart.
 *
 * @param {unknown} value
 * @returns {Reply | Event | Skipped}
 */
export function parseFrame(value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new ProtocolError("a frame is an object");
    }
    const fields = /** @type {Record<string, unknown>} */ (value);
    const type = fields.type;
    if (typeof type !== "string") throw new ProtocolError("a frame has a type");
    const hasReplyShape = "id" in fields || type === "welcome" || type === "error";
    const check = (hasReplyShape ? REPLIES : EVENTS).get(type);
    if (check?.(fields)) return /** @type {any} */ (fields);
    const { seq, id } = fields;
    return { type: "skipped", of: type, seq: natural(seq) ? seq : null, id: natural(id) ? id : null };
}

/**
 * Whether a decoded frame is a reply to a request, and not an event.
 *
 * @param {{type: string}} frame
 * @returns {frame is SuccessReply}
 */
export function isReply(frame) {
    return "id" in frame && frame.type !== "skipped" && frame.type !== "error" && frame.type !== "welcome";
}
