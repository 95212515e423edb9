/**
 * Encode a request. Undefined fields are left out.
 *
 * @param {Record<string, unknown>} request
 * @throws {BadRequestError} too large for a frame, or not valid Unicode
 */
export function encode(request: Record<string, unknown>): string;
/**
 * Decode a frame; one of an unknown type is `skipped`.
 *
 * @param {unknown} data
 * @returns {import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped}
 * @throws {ProtocolError} not a JSON object with a type
 */
export function decode(data: unknown): import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped;
/**
 * Validate a parsed frame, or an entry of a `sync` reply.
 *
 * `settings` is both a reply and an event; the `id` tells them apart.
 *
 * @param {unknown} value
 * @returns {import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped}
 */
export function parseFrame(value: unknown): import("./frames.js").Reply | import("./frames.js").Event | import("./frames.js").Skipped;
/**
 * Whether a decoded frame is a reply to a request, and not an event.
 *
 * @param {{type: string}} frame
 * @returns {frame is import("./frames.js").Answered}
 */
export function isReply(frame: {
    type: string;
}): frame is import("./frames.js").Answered;
export const SUBPROTOCOL: "bussa.v1.json";
/** Limit of an outgoing frame. The server closes with 1009 on a larger one. */
export const MAX_FRAME_BYTES: number;
