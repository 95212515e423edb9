/** The vectors are the truth of the wire: what the SDK writes and reads is held to every one of them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BadRequestError, NotContractError } from "../../../web/bussa.js";
import { adviceFor } from "../../../web/sdk/backoff.js";
import { step } from "../../../web/sdk/log-cursor.js";
import { MAX_FRAME_BYTES, decode, encode, parseFrame } from "../../../web/sdk/codec.js";

const vectors = (name) => {
    const all = JSON.parse(readFileSync(new URL(`../../../protocol/vectors/${name}.json`, import.meta.url), "utf8"));
    assert.ok(all.length > 5, `${name}: hardly any vectors`);
    return all;
};

test("a request is written as a text that reads as the vector", () => {
    for (const { name, frame, json } of vectors("requests")) {
        assert.deepEqual(JSON.parse(encode(frame)), JSON.parse(json), name);
    }
});

test("replies and events are read from every text that means them, whatever their order", () => {
    for (const file of ["replies", "events"]) {
        for (const { name, frame, json, also_json: others = [] } of vectors(file)) {
            for (const text of [json, ...others]) assert.deepEqual(decode(text), frame, name);
        }
    }
});

test("each known frame is found incomplete without any one of its required fields", () => {
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

test("a frame of the future is skipped, and its seq and id still count", () => {
    assert.deepEqual(parseFrame({ type: "reaction", seq: 7 }), { type: "skipped", of: "reaction", seq: 7, id: null });
    assert.deepEqual(parseFrame({ type: "reacted", id: 3 }), { type: "skipped", of: "reacted", seq: null, id: 3 });
    assert.equal(parseFrame({ type: "constructor" }).type, "skipped");
});

test("what is no map with a type is no frame", () => {
    for (const text of ["", "null", "7", '"ping"', "[]", "{}", '{"type":1}', '{"type":"pong","id":1']) {
        assert.throws(() => decode(text), NotContractError, text);
    }
    assert.throws(() => decode(new ArrayBuffer(4)), NotContractError);
});

test("what cannot be said is refused here, before it would end the connection", () => {
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

test("each seq is next, old or beyond a gap", () => {
    for (const { name, last, seq, step: wanted } of vectors("cursor")) assert.equal(step(last, seq), wanted, name);
});

test("each close code is met as the contract advises", () => {
    for (const { name, code, then } of vectors("closes")) assert.equal(adviceFor(code), then, name);
});
