/** The engine runs each fetch once at a time, and repeats one that was requested meanwhile. */

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = /** @type {any} */ ({ origin: "http://127.0.0.1" });
const { Engine } = await import("../../../web/app/engine.js");

/** An engine whose profile requests are resolved by the test, through `asked`. */
function engine() {
    const made = new Engine(/** @type {any} */ ({ user: "ann", token: "t" }), /** @type {any} */ ({ view: "list" }));
    /** @type {((answer: object) => void)[]} */
    const asked = [];
    made.client.profile = /** @type {any} */ (() => new Promise((settle) => asked.push(settle)));
    return { made, asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a profile requested again during a fetch is fetched once more, and the newer reply wins", async () => {
    const { made, asked } = engine();
    made.loadPerson("bob");
    made.loadPerson("bob");
    made.loadPerson("bob");
    assert.equal(asked.length, 1);
    asked[0]({ name: "Bob", can_message: "no" });
    await settled();
    assert.equal(asked.length, 2);
    asked[1]({ name: "Bob", can_message: "yes" });
    await settled();
    assert.equal(asked.length, 2);
    assert.equal(made.store.get().people.get("bob").can, "yes");
});

test("a known name is not fetched again", async () => {
    const { made, asked } = engine();
    made.loadPerson("bob", false);
    made.loadPerson("bob", false);
    asked[0]({ name: "Bob", can_message: "yes" });
    await settled();
    made.loadPerson("bob", false);
    assert.equal(asked.length, 1);
});
