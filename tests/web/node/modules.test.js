/** The page preloads every module, and layers import only what they may. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const WEB = new URL("../../../web/", import.meta.url);
const read = (path) => readFileSync(new URL(path, WEB), "utf8");

function reached(path, found = new Set()) {
    if (found.has(path)) return found;
    found.add(path);
    const code = read(path).replace(/^\s*\/\*[^]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");
    for (const [, other] of code.matchAll(/(?:from|^import) "(\.[^"]+)"/gm)) {
        reached(new URL(other, new URL(path, WEB)).href.slice(WEB.href.length), found);
    }
    return found;
}

test("the page preloads exactly the modules it needs", () => {
    const named = [...read("index.html").matchAll(/rel="modulepreload" href="\/web\/([^"]+)"/g)].map(([, path]) => path);
    assert.deepEqual(["main.js", ...named].sort(), [...reached("main.js")].sort());
});

test("the SDK imports nothing of the page", () => {
    for (const path of reached("bussa.js")) assert.ok(path === "bussa.js" || path.startsWith("sdk/"), path);
});

test("the store imports neither views nor the SDK", () => {
    for (const path of reached("store/reduce.js")) assert.match(path, /^(store|text)\//);
});
