/** The engine asks for each thing once at a time; what is wanted anew meanwhile is asked for once more. */

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = /** @type {any} */ ({ origin: "http://127.0.0.1" });
const { Engine } = await import("../../../web/app/engine.js");

/** An engine whose profiles are answered by the test: asked for in `asked`, each to be settled by hand. */
function engine() {
    const made = new Engine(/** @type {any} */ ({ user: "ann", token: "t" }), /** @type {any} */ ({ view: "list" }));
    /** @type {((answer: object) => void)[]} */
    const asked = [];
    made.client.profile = /** @type {any} */ (() => new Promise((settle) => asked.push(settle)));
    return { made, asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a profile that is opened again while it is asked for is asked for once more, and the newer answer stays", async () => {
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

test("a name that is only to be known is asked for once", async () => {
    const { made, asked } = engine();
    made.loadPerson("bob", false);
    made.loadPerson("bob", false);
    asked[0]({ name: "Bob", can_message: "yes" });
    await settled();
    made.loadPerson("bob", false);
    assert.equal(asked.length, 1);
});
