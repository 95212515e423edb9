/** Frames to text and back: the subprotocol `bussa.v1.json`. What comes in is checked before it is believed. */

import { BadRequestError, NotContractError } from "./errors.js";
import { EVENTS, REPLIES, matches } from "./frames.js";

export const SUBPROTOCOL = "bussa.v1.json";
/** Bytes of a frame of this side's; a larger one would end the connection with 1009. */
export const MAX_FRAME_BYTES = 64 * 1024;

// The u flag sees code points, so what is left of this class is a surrogate without its other half.
const LONE_SURROGATE = /\p{Surrogate}/u;
const bytes = new TextEncoder();

/**
 * The text of a request. Fields that are undefined are left out.
 *
 * @param {Record<string, unknown>} request
 * @throws {BadRequestError} it can't be said at all: it is too large for a frame, or its text is no Unicode
 */
export function encode(request) {
    for (const value of Object.values(request)) {
        if (typeof value === "string" && LONE_SURROGATE.test(value)) {
            throw new BadRequestError("bad_request", "half a character can't be put into a frame");
        }
    }
    const data = JSON.stringify(request);
    const size = bytes.encode(data).length;
    if (size > MAX_FRAME_BYTES) {
        throw new BadRequestError("bad_request", `the frame would have ${size} bytes; ${MAX_FRAME_BYTES} is the most`);
    }
    return data;
}

/**
 * The frame that `data` holds; an unknown one is `skipped`.
 *
 * @param {unknown} data
 * @returns {import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped}
 * @throws {NotContractError} it is no JSON object with a type
 */
export function decode(data) {
    if (typeof data !== "string") throw new NotContractError("a binary frame on a text subprotocol");
    let value;
    try {
        value = JSON.parse(data);
    } catch (error) {
        throw new NotContractError(`not JSON: ${error}`);
    }
    return parseFrame(value);
}

/**
 * The typed frame of a map: of a whole frame, or of an entry of a `sync` reply.
 *
 * `settings` is the name of a reply and of an event; the `id` tells them apart.
 *
 * @param {unknown} value
 * @returns {import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped}
 */
export function parseFrame(value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new NotContractError("a frame is a map");
    }
    const fields = /** @type {Record<string, unknown>} */ (value);
    const type = fields.type;
    if (typeof type !== "string") throw new NotContractError("a frame has a type");
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
 * Whether `frame`, which decode gave, is a reply (and not an event).
 *
 * @param {{type: string}} frame
 * @returns {frame is import("./frames.js").Answered}
 */
export function isReply(frame) {
    return "id" in frame && frame.type !== "skipped" && frame.type !== "error" && frame.type !== "welcome";
}
