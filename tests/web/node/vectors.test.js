/** The SDK against the protocol's test vectors. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BadRequestError, ProtocolError } from "../../../web/bussa.js";
import { adviceFor } from "../../../web/sdk/backoff.js";
import { step } from "../../../web/sdk/log-cursor.js";
import { decode, encode, parseFrame } from "../../../web/sdk/codec.js";
import { MAX_FRAME_BYTES } from "../../../web/sdk/frames.js";

const vectors = (name) => {
    const all = JSON.parse(readFileSync(new URL(`../../../protocol/bussa_protocol/vectors/${name}.json`, import.meta.url), "utf8"));
    assert.ok(all.length > 5, `${name}: hardly any vectors`);
    return all;
};

test("a request is encoded as in the vector", () => {
    for (const { name, frame, json } of vectors("requests")) {
        assert.deepEqual(JSON.parse(encode(frame)), JSON.parse(json), name);
    }
});

test("replies and events are decoded from every equivalent text", () => {
    for (const file of ["replies", "events"]) {
        for (const { name, frame, json, also_json: others = [] } of vectors(file)) {
            for (const text of [json, ...others]) assert.deepEqual(decode(text), frame, name);
        }
    }
});

test("a frame without a required field is skipped", () => {
    const optional = new Set(["reply_to", "hidden", "retry_after", "seq of ok", "seq of settings", "id of error"]);
    let tried = 0;
    for (const file of ["replies", "events"]) {
        for (const { name, frame } of vectors(file)) {
            for (const field of Object.keys(frame)) {
                const isEvent = file === "events";
                if (field === "type" || field === "id" || optional.has(field)) continue;
                if (!isEvent && optional.has(`${field} of ${frame.type}`)) continue;
                const { [field]: _, ...rest } = frame;
                assert.equal(parseFrame(rest).type, "skipped", `${name} without ${field}`);
                tried += 1;
            }
        }
    }
    assert.ok(tried > 50);
});

test("a frame of an unknown type is skipped, and keeps its seq and id", () => {
    assert.deepEqual(parseFrame({ type: "reaction", seq: 7 }), { type: "skipped", of: "reaction", seq: 7, id: null });
    assert.deepEqual(parseFrame({ type: "reacted", id: 3 }), { type: "skipped", of: "reacted", seq: null, id: 3 });
    assert.equal(parseFrame({ type: "constructor" }).type, "skipped");
});

test("anything but an object with a type is rejected", () => {
    for (const text of ["", "null", "7", '"ping"', "[]", "{}", '{"type":1}', '{"type":"pong","id":1']) {
        assert.throws(() => decode(text), ProtocolError, text);
    }
    assert.throws(() => decode(new ArrayBuffer(4)), ProtocolError);
});

test("an invalid or too large request is rejected before it is sent", () => {
    for (const text of ["\ud800", "\udc00", "a\ud83dz"]) {
        assert.throws(() => encode({ type: "send", text }), BadRequestError);
    }
    assert.equal(JSON.parse(encode({ type: "send", text: "👋🏽" })).text, "👋🏽");
    const frame = { type: "send", text: "" };
    frame.text = "x".repeat(MAX_FRAME_BYTES - encode(frame).length);
    assert.equal(encode(frame).length, MAX_FRAME_BYTES);
    frame.text += "x";
    assert.throws(() => encode(frame), BadRequestError);
});

test("a seq is next, old or beyond a gap", () => {
    for (const { name, last, seq, step: wanted } of vectors("cursor")) assert.equal(step(last, seq), wanted, name);
});

test("a close code leads to the specified action", () => {
    for (const { name, code, then } of vectors("closes")) assert.equal(adviceFor(code), then, name);
});
