/** The page's reducer. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { inFolder, knockTotal, unreadTotal } from "../../../web/store/conversations.js";
import { retriesItself, pendingTo } from "../../../web/store/outbox.js";
import { initial, reduce } from "../../../web/store/reduce.js";
import { parse, toThread } from "../../../web/store/route.js";
import { createStore } from "../../../web/store/store.js";
import { CHUNK, EMPTY, MAX_CHUNKS, mergeMessages, messageAt, missingChunks } from "../../../web/store/thread.js";

const message = (n, from = "bob", more = {}) => ({ peer: "bob", n, from, text: `m${n}`, at: n * 1000, ...more });
const event = (n, from = "bob", more = {}) => ({ type: "message", seq: n, folder: "inbox", ...message(n, from), ...more });
const row = (peer, n, more = {}) => ({
    ...{ peer, last: { ...message(n), peer }, unread: 0, read: n, peer_read: null, muted: false },
    ...{ folder: "inbox", blocked: false, name: peer.toUpperCase(), ...more },
});
const after = (...actions) => actions.reduce(reduce, initial("me", parse("")));
const list = (...conversations) => ({ type: "listed", folder: "inbox", conversations, next: null });

test("a message of the peer is unread, an own one is not, and the newest conversation is first", () => {
    const state = after(event(1), event(2), event(3, "me"), { ...event(1, "eve", { peer: "eve", at: 9999 }) });
    assert.equal(state.rows.get("bob").unread, 2);
    assert.equal(unreadTotal(state.rows), 3);
    assert.deepEqual(inFolder(state.rows, "inbox").map(({ peer }) => peer), ["eve", "bob"]);
    assert.equal(after(event(2), event(2), event(1)).rows.get("bob").unread, 1);
});

test("muted and blocked people and knocks do not count as unread", () => {
    const change = { type: "conversation", peer: "bob", folder: "inbox", muted: true, blocked: false };
    assert.equal(unreadTotal(after(event(1), change).rows), 0);
    assert.equal(unreadTotal(after(event(1), { ...change, muted: false, blocked: true }).rows), 0);
    const knocked = after(event(1, "bob", { folder: "requests" }));
    assert.equal(unreadTotal(knocked.rows), 0);
    assert.equal(knockTotal(knocked.rows), 1);
    assert.equal(inFolder(knocked.rows, "inbox").length, 0);
});

test("a reply accepts a message request", () => {
    const state = after(event(1, "bob", { folder: "requests" }), event(2, "me"));
    assert.equal(knockTotal(state.rows), 0);
    assert.equal(inFolder(state.rows, "inbox").length, 1);
});

test("read markers only advance; own ones reset the unread count", () => {
    const read = (by, n) => ({ type: "read", peer: "bob", by, n });
    const state = after(event(1), event(2), event(3), read("bob", 2), read("bob", 1), read("me", 3));
    assert.deepEqual([state.rows.get("bob").peer_read, state.rows.get("bob").unread], [2, 0]);
    assert.equal(after(event(1), event(2), event(3), read("me", 1)).rows.get("bob").unread, 2);
});

test("a stale page of the list does not overwrite a newer row", () => {
    const state = after(event(5), list(row("bob", 4, { unread: 0 }), row("eve", 1)));
    assert.equal(state.rows.get("bob").last.n, 5);
    assert.equal(state.rows.get("eve").name, "EVE");
    const reloaded = reduce(state, { ...list(row("eve", 1)), reload: true });
    assert.equal(reloaded.rows.has("bob"), false);
});

test("a sent message moves from the outbox to the thread, a failed one stays", () => {
    const pending = { nonce: "x", peer: "bob", text: "hi", replyTo: null, at: 1, state: "sending", why: null };
    const open = { type: "history", peer: "bob", messages: [], last: 0 };
    const sending = after(open, { type: "sending", pending });
    assert.equal(pendingTo(sending.outbox, "bob").length, 1);
    const failed = reduce(sending, { type: "failed", nonce: "x", why: "not_allowed" });
    assert.deepEqual([failed.outbox.get("x").text, failed.outbox.get("x").why], ["hi", "not_allowed"]);
    const sent = reduce(sending, { type: "sent", nonce: "x", message: message(1, "me"), folder: "requests" });
    assert.equal(sent.outbox.size, 0);
    assert.equal(messageAt(sent.threads.get("bob"), 1).from, "me");
    assert.equal(sent.knocked.get("bob"), 1);
    assert.equal(reduce(sent, event(2)).knocked.has("bob"), false);
});

test("only transient failures are retried, and only while the nonce is kept", () => {
    const failed = (why, at = 0) => ({ nonce: "x", peer: "bob", text: "", replyTo: null, at, state: "failed", why });
    assert.ok(retriesItself(failed("lost"), 1000));
    assert.ok(!retriesItself(failed("not_allowed"), 1000));
    assert.ok(!retriesItself(failed("lost"), 24 * 3600 * 1000));
    assert.ok(!retriesItself({ ...failed("lost"), state: "sending" }, 1000));
});

test("a block discards the loaded messages", () => {
    const state = after(event(1), { type: "history", peer: "bob", messages: [message(1)], last: 1 });
    const blocked = reduce(state, { type: "conversation", peer: "bob", folder: "inbox", muted: false, blocked: true });
    assert.equal(messageAt(blocked.threads.get("bob"), 1), undefined);
    assert.equal(blocked.threads.get("bob").last, 1);
});

test("an id is never an object key", () => {
    const state = after(event(1, "__proto__", { peer: "__proto__" }), { type: "person", user: "constructor", person: 1 });
    assert.equal(state.rows.get("__proto__").unread, 1);
    assert.equal({}.unread, undefined);
    assert.equal(state.people.get("toString"), undefined);
    assert.equal(reduce(state, { type: "constructor" }), state);
});

test("a thread knows its missing chunks and evicts distant ones", () => {
    let thread = mergeMessages(EMPTY, [message(1), message(120)], 50_000);
    assert.deepEqual([thread.last, messageAt(thread, 120).n, messageAt(thread, 2)], [50_000, 120, undefined]);
    assert.deepEqual(missingChunks(thread, 1, 160), [0, 1, 2, 3]);
    assert.deepEqual(missingChunks(thread, -50, 0), []);
    for (let n = 1; n <= 50_000; n += CHUNK) thread = mergeMessages(thread, Array.from({ length: CHUNK }, (_, i) => message(n + i)));
    assert.equal(thread.chunks.size, MAX_CHUNKS);
    assert.equal(messageAt(thread, 50_000).n, 50_000);
    assert.deepEqual(missingChunks(thread, 49_000, 60_000), []);
});

test("a reply to an outdated search is ignored", () => {
    const asked = after({ type: "search", query: "a" }, { type: "search", query: "ab" });
    const late = reduce(asked, { type: "search", of: "a", hits: [message(1)], next: null });
    assert.deepEqual([late.search.state, late.search.hits.length], ["loading", 0]);
    const more = [{ of: "ab", hits: [message(2)], next: "c" }, { of: "ab", hits: [message(1)], next: null, more: true }];
    const state = more.reduce((before, answer) => reduce(before, { type: "search", ...answer }), late);
    assert.deepEqual(state.search.hits.map(({ n }) => n), [2, 1]);
    assert.equal(reduce(state, { type: "search", query: "" }).search.state, "idle");
});

test("a hash is parsed as a route, and an invalid one is the list", () => {
    assert.deepEqual(parse("#/c/bob/12", "knocks"), { list: "knocks", main: "thread", peer: "bob", n: 12 });
    assert.equal(parse(toThread("a:b.c-d_e")).peer, "a:b.c-d_e");
    assert.equal(parse("#/followers").list, "followers");
    for (const bad of ["#/c/<img>", "#/c/%", "#/u/", "#/nowhere", "", "#/c/%2e%2e%2f"]) assert.equal(parse(bad).main, "none", bad);
});

test("a subscriber is called on changes only, and not after unsubscribing", () => {
    const store = createStore(reduce, initial("me", parse("")));
    let calls = 0;
    const leave = store.subscribe(() => (calls += 1));
    store.dispatch({ type: "nothing" });
    store.dispatch({ type: "online", online: true });
    store.dispatch({ type: "online", online: false });
    leave();
    store.dispatch({ type: "online", online: true });
    assert.equal(calls, 1);
});
