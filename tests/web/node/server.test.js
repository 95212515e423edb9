/** The SDK against the real server, which is killed in some tests. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    Backoff,
    Client,
    ConnectionClosedError,
    NotAllowedError,
    NotFoundError,
    TakenError,
    TokenRefusedError,
    UnauthenticatedError,
    UnreachableError,
    follow,
    followers,
    following,
    logIn,
    logOutEverywhere,
    signUp,
    unfollow,
} from "../../../web/bussa.js";
import { Server } from "./server.js";

const backoff = new Backoff({ base: 0.02, soon: 0.02, cap: 0.2 });
const server = new Server();
let count = 0;

before(() => server.start("--send-rate", "0"));
after(() => server.close());

/** Two users who follow each other. */
async function two() {
    count += 1;
    const [alice, bob] = [`alice${count}`, `bob${count}`];
    const a = await signUp(server.url, alice, "a password", "Alice");
    const b = await signUp(server.url, bob, "a password");
    await follow(server.url, a.token, bob);
    await follow(server.url, b.token, alice);
    return { alice, bob, a: a.token, b: b.token };
}

const open = (token, options = {}) => new Client(server.url, token, { backoff, ...options }).open();

async function some(me, wanted) {
    const all = [];
    for await (const event of me.events()) {
        all.push(event);
        if (all.length === wanted) return all;
    }
    throw new Error("it ended early");
}

test("accounts: a taken name and a wrong password are refused, follows are listed on both sides", async () => {
    const { alice, bob, a } = await two();
    await assert.rejects(signUp(server.url, alice, "x"), TakenError);
    await assert.rejects(logIn(server.url, alice, "wrong"), UnauthenticatedError);
    assert.equal((await logIn(server.url, alice, "a password")).user, alice);
    assert.deepEqual(await following(server.url, a), { users: [bob], next: null });
    assert.deepEqual((await followers(server.url, a)).users, [bob]);
    await unfollow(server.url, a, bob);
    assert.deepEqual((await following(server.url, a)).users, []);
    await assert.rejects(follow(server.url, a, "nobody-at-all"), NotFoundError);
    await assert.rejects(logIn("http://127.0.0.1:1", "a", "b"), UnreachableError);
});

test("every request gets its reply", async () => {
    const { alice, bob, a, b } = await two();
    const [me, you] = await Promise.all([open(a), open(b)]);
    const sent = await me.send(bob, "ciao, città!");
    assert.equal(sent.n, 1);
    await you.send(alice, "eccomi", { replyTo: 1 });
    const [, answer] = [await some(you, 1), (await some(me, 1))[0]];
    assert.deepEqual([answer.text, answer.reply_to], ["eccomi", 1]);
    assert.equal((await me.history(bob, { after: 0, limit: 1 })).more, true);
    await me.read(bob, 2);
    assert.deepEqual((await some(you, 1))[0], { type: "read", seq: 3, peer: alice, by: alice, n: 2 });
    const [row] = (await you.conversations()).conversations;
    assert.deepEqual([row.peer, row.name, row.peer_read], [alice, "Alice", 2]);
    assert.equal((await me.search("citta")).hits[0].n, 1);
    assert.equal((await me.profile(bob)).can_message, "yes");
    assert.equal((await me.settings({ knocks: true })).knocks, true);
    assert.equal((await me.settings()).dm_policy, "followers");
    me.typing(bob);
    assert.equal((await some(you, 1))[0].type, "typing");
    await me.mute(bob);
    await me.unmute(bob);
    await me.block(bob);
    await assert.rejects(you.send(alice, "hello?"), NotAllowedError);
    await me.unblock(bob);
    await me.report(bob, "other", { n: 2 });
    await me.accept(bob);
    await me.decline(bob);
    assert.equal(await me.ping(), (await me.sync(0, 1)).head);
    await Promise.all([me.close(), you.close()]);
    await assert.rejects(me.ping(), ConnectionClosedError);
});

test("messages survive a server crash and arrive once", async () => {
    const { bob, a, b } = await two();
    const [me, you] = await Promise.all([open(a), open(b)]);
    const sending = [];
    const reading = some(you, 60);
    for (let number = 0; number < 60; number += 1) {
        if (number === 20 || number === 40) {
            await sending[number - 15];
            await server.kill();
            await server.start("--send-rate", "0");
        }
        sending.push(me.send(bob, `number ${number}`));
    }
    const sent = await Promise.all(sending);
    const seen = await reading;
    const byNumber = (list) => list.map(({ n }) => n).sort((x, y) => x - y);
    assert.deepEqual(byNumber(sent), Array.from({ length: 60 }, (_, i) => i + 1));
    assert.deepEqual(byNumber(seen), byNumber(sent));
    assert.equal(new Set(seen.map(({ text }) => text)).size, 60);
    const { messages } = await you.history(me.user, { limit: 200 });
    assert.equal(messages.length, 60);
    await Promise.all([me.close(), you.close()]);
});

test("a device resumes from its cursor, and gets a reset for an unknown log", async () => {
    const { bob, a, b } = await two();
    const first = await open(b);
    await first.close();
    const cursor = first.cursor;
    const me = await open(a);
    for (const text of ["one", "two", "three"]) await me.send(bob, text);
    const again = await open(b, { resume: cursor });
    assert.deepEqual((await some(again, 3)).map(({ text }) => text), ["one", "two", "three"]);
    const lost = await open(b, { resume: { epoch: "another", seq: 1 } });
    assert.equal((await some(lost, 1))[0].type, "reset");
    await Promise.all([me, again, lost].map((one) => one.close()));
});

test("a revoked token closes a client with a fixed token, and is renewed by a token function", async () => {
    const { alice, a } = await two();
    const fixed = await open(a);
    const statuses = [];
    let fetched = 0;
    const renewed = await open(
        async () => {
            fetched += 1;
            return (await logIn(server.url, alice, "a password")).token;
        },
        { watch: (status) => statuses.push(status) },
    );
    await logOutEverywhere(server.url, a);
    await assert.rejects(some(fixed, 1), TokenRefusedError);
    while (fetched < 2 || renewed.status !== "live") await new Promise((resolve) => setTimeout(resolve, 10));
    await renewed.ping();
    assert.deepEqual(statuses, ["live", "connecting", "live"]);
    await assert.rejects(new Client(server.url, "no token", { backoff }).open(), TokenRefusedError);
    await renewed.close();
});

test("a refreshed connection outlives its first token", async () => {
    const { alice } = await two();
    const answer = await fetch(`${server.url}/v1/users/${alice}/tokens`, {
        method: "POST",
        headers: { authorization: "Bearer key", "content-type": "application/json" },
        body: JSON.stringify({ ttl: 1 }),
    });
    const short = await answer.json();
    const statuses = [];
    const me = await open(short.token, { watch: (status) => statuses.push(status) });
    await me.refresh((await logIn(server.url, alice, "a password")).token);
    await new Promise((resolve) => setTimeout(resolve, short.expires_at - Date.now() + 500));
    await me.ping();
    assert.deepEqual(statuses, ["live"]);
    await me.close();
});

test("open times out without a server, and wake reconnects at once", async () => {
    await assert.rejects(new Client("http://127.0.0.1:1", "t", { backoff }).open(0.1), UnreachableError);
    const { a } = await two();
    const slow = new Client(server.url, a, { backoff: new Backoff({ base: 1e6, soon: 1e6, cap: 1e6 }) });
    await slow.open();
    await server.kill();
    while (slow.status === "live") await new Promise((resolve) => setTimeout(resolve, 5));
    await server.start("--send-rate", "0");
    slow.wake();
    assert.ok((await slow.ping()) >= 0);
    await slow.close();
});
