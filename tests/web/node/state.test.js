/** The state machine, over a connection that loses, duplicates and reorders frames. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
    Backoff,
    BadRequestError,
    RequestTimeoutError,
    RequestInterruptedError,
    NotAllowedError,
    UnavailableError,
} from "../../../web/bussa.js";
import { EventQueue } from "../../../web/sdk/event-queue.js";
import { State } from "../../../web/sdk/state.js";

const welcome = (head, more = {}) => ({ type: "welcome", user: "me", head, epoch: "e", resumed: true, now: 0, ...more });
const message = (seq, from = "bob", text = `m${seq}`) => ({
    ...{ type: "message", seq, peer: "bob", n: seq, from, text, at: 0, folder: "inbox" },
});

function live(head = 0, options = {}) {
    const state = new State(options);
    state.welcome(welcome(head), 0);
    return state;
}

function taken(state, now = 0) {
    const all = [];
    for (let notice = state.take(now); notice !== null; notice = state.take(now)) all.push(notice.seq ?? notice.type);
    return all;
}

function written(state) {
    const all = [];
    for (let data = state.next(); data !== null; data = state.next()) all.push(JSON.parse(data));
    return all;
}

test("duplicate events are delivered once and in order", () => {
    const state = live(4);
    for (const seq of [5, 5, 6, 4, 6, 7]) state.receive(message(seq), 0);
    assert.deepEqual(taken(state), [5, 6, 7]);
    assert.deepEqual(state.queue.cursor, { epoch: "e", seq: 7 });
});

test("a gap is fetched from the log before later events are delivered", () => {
    const state = live();
    state.receive(message(3), 1);
    assert.deepEqual(taken(state, 1), []);
    state.tick(1);
    const [sync] = written(state);
    assert.deepEqual([sync.type, sync.after], ["sync", 0]);
    state.receive({ type: "sync", id: sync.id, events: [1, 2, 3].map((seq) => message(seq)), head: 3 }, 2);
    assert.deepEqual(taken(state, 2), [1, 2, 3]);
    assert.equal(state.counters.catchUps, 1);
});

test("an own write is reported by its reply alone", () => {
    const state = live();
    const id = state.request({ type: "send", to: "bob", text: "ciao", nonce: "n" }, 30);
    written(state);
    state.receive({ type: "sent", id, peer: "bob", n: 1, seq: 1, at: 0, folder: "inbox" }, 0);
    assert.equal(state.requests.settled[0].outcome.n, 1);
    state.receive(message(2), 0);
    assert.deepEqual(taken(state), [2]);
});

test("a replayed own message is not delivered while its reply is pending", () => {
    const state = live();
    const id = state.request({ type: "send", to: "bob", text: "ciao", nonce: "n" }, 30);
    written(state);
    state.disconnected();
    state.welcome(welcome(1), 1);
    state.receive(message(1, "me", "ciao"), 1);
    assert.deepEqual(taken(state, 1), []);
    assert.equal(written(state)[0].nonce, "n");
    state.receive({ type: "sent", id, peer: "bob", n: 1, seq: 1, at: 0, folder: "inbox" }, 1);
    assert.deepEqual(taken(state, 1), []);
    assert.equal(state.log.taken, 1);
});

test("the same text from another device is delivered", () => {
    const state = live();
    const id = state.request({ type: "send", to: "bob", text: "ciao", nonce: "n" }, 30);
    written(state);
    state.receive(message(1, "me", "ciao"), 0);
    state.receive({ type: "sent", id, peer: "bob", n: 2, seq: 2, at: 0, folder: "inbox" }, 0);
    state.tick(0.3);
    const sync = written(state).find(({ type }) => type === "sync");
    state.receive({ type: "sync", id: sync.id, events: [message(1, "me", "ciao")], head: 2 }, 0.4);
    assert.deepEqual(taken(state, 0.4), [1]);
    assert.equal(state.log.taken, 2);
});

test("a trimmed log causes a reset", () => {
    const state = live(5);
    state.disconnected();
    const hello = JSON.parse(state.hello("t"));
    assert.deepEqual([hello.resume, hello.epoch], [5, "e"]);
    state.welcome(welcome(90, { resumed: false, epoch: "f" }), 1);
    assert.deepEqual(taken(state, 1), ["reset"]);
    assert.deepEqual(state.queue.cursor, { epoch: "f", seq: 90 });
});

test("a frame of an unknown type counts in the log", () => {
    const state = live();
    state.receive({ type: "skipped", of: "reaction", seq: 1, id: null }, 0);
    state.receive(message(2), 0);
    assert.deepEqual(taken(state), [2]);
    assert.equal(state.counters.unknownFrames, 1);
});

test("a slow reader leaves events on the server and fetches them later", () => {
    const state = live(0, { queue: new EventQueue(2) });
    for (const seq of [1, 2, 3, 4]) state.receive(message(seq), 0);
    assert.deepEqual(taken(state, 1), [1, 2]);
    state.tick(1);
    const [sync] = written(state);
    state.receive({ type: "sync", id: sync.id, events: [message(3), message(4)], head: 4 }, 1);
    assert.deepEqual(taken(state, 1), [3, 4]);
});

test("pending requests are written again on the next connection, unchanged and in order", () => {
    const state = live();
    state.request({ type: "send", to: "bob", text: "one", nonce: "1" }, 30);
    state.request({ type: "read", peer: "bob", n: 1 }, 30);
    const first = written(state);
    state.disconnected();
    assert.deepEqual(written(state), []);
    state.welcome(welcome(0), 1);
    assert.deepEqual(written(state), first);
});

test("a report is not retried after a disconnect", () => {
    const state = live();
    state.request({ type: "report", peer: "bob", reason: "spam" }, 30);
    written(state);
    state.disconnected();
    assert.ok(state.requests.settled[0].outcome instanceof RequestInterruptedError);
});

test("a send is retried after the server's retry_after, within its deadline", () => {
    const state = live(0, { backoff: new Backoff(), rng: () => 0 });
    const id = state.request({ type: "send", to: "bob", text: "x", nonce: "1" }, 30);
    written(state);
    state.receive({ type: "error", id, code: "unavailable", message: "", retry_after: 2 }, 10);
    assert.equal(state.nextTimer(), 12);
    state.tick(11);
    assert.deepEqual(written(state), []);
    state.tick(12);
    assert.equal(written(state)[0].nonce, "1");
    state.receive({ type: "error", id, code: "unavailable", message: "", retry_after: 60 }, 13);
    assert.ok(state.requests.settled[0].outcome instanceof UnavailableError);
});

test("a refusal has its own class, and a timed-out send carries its nonce", () => {
    const state = live();
    const id = state.request({ type: "send", to: "bob", text: "x", nonce: "1" }, 30);
    state.request({ type: "send", to: "bob", text: "y", nonce: "2" }, 30);
    state.receive({ type: "error", id, code: "not_allowed", message: "no" }, 1);
    state.tick(30);
    const [refused, late] = state.requests.settled.map(({ outcome }) => outcome);
    assert.ok(refused instanceof NotAllowedError);
    assert.ok(late instanceof RequestTimeoutError && late.nonce === "2");
    assert.throws(() => state.request({ type: "send", text: "x".repeat(70_000) }, 30), BadRequestError);
});

test("backoff delays grow, are jittered and have a ceiling", () => {
    const backoff = new Backoff();
    assert.equal(backoff.delay("new_token", 0, 0.9), 0);
    const ceilings = (advice) => [0, 1, 2, 3, 4, 5, 6, 7, 1e9].map((attempt) => backoff.delay(advice, attempt, 1));
    assert.deepEqual(ceilings("backoff"), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert.deepEqual(ceilings("soon"), [3, 6, 12, 24, 48, 60, 60, 60, 60]);
    assert.deepEqual(ceilings("new_token"), [0, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert.equal(backoff.delay("soon", 1, 0.5), 3);
    assert.equal(backoff.delay("soon", 1, 0), 0);
});
