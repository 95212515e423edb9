/** Encodes and decodes frames of the subprotocol `bussa.v1.json`. Incoming frames are validated. */

import { BadRequestError, ProtocolError } from "./errors.js";
import { EVENTS, REPLIES, matches } from "./frames.js";

export const SUBPROTOCOL = "bussa.v1.json";
/** Limit of an outgoing frame. The server closes with 1009 on a larger one. */
export const MAX_FRAME_BYTES = 64 * 1024;

// With the u flag the regex sees code points, so this class matches unpaired surrogates only.
const LONE_SURROGATE = /\p{Surrogate}/u;
const bytes = new TextEncoder();

/**
 * Encode a request. Undefined fields are left out.
 *
 * @param {Record<string, unknown>} request
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
 * @returns {import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped}
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
 * @returns {import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped}
 */
export function parseFrame(value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new ProtocolError("a frame is an object");
    }
    const fields = /** @type {Record<string, unknown>} */ (value);
    const type = fields.type;
    if (typeof type !== "string") throw new ProtocolError("a frame has a type");
    const hasReplyShape = "id" in fields || type === "welcome" || type === "error";
    const shape = (hasReplyShape ? REPLIES : EVENTS).get(type);
    if (shape && matches(shape, fields)) return /** @type {any} */ (fields);
    return { type: "skipped", of: type, seq: number(fields.seq), id: number(fields.id) };
}

/** @param {unknown} value */
function number(value) {
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/**
 * Whether a decoded frame is a reply to a request, and not an event.
 *
 * @param {{type: string}} frame
 * @returns {frame is import("./frames.js").Answered}
 */
export function isReply(frame) {
    return "id" in frame && frame.type !== "skipped" && frame.type !== "error" && frame.type !== "welcome";
}
