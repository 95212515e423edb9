/** The page names every module that it will need, so that none is found out about late. */

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

test("every module is named by the page, and none besides", () => {
    const named = [...read("index.html").matchAll(/rel="modulepreload" href="\/web\/([^"]+)"/g)].map(([, path]) => path);
    assert.deepEqual(["main.js", ...named].sort(), [...reached("main.js")].sort());
});

test("the SDK needs nothing of the page", () => {
    for (const path of reached("bussa.js")) assert.ok(path === "bussa.js" || path.startsWith("sdk/"), path);
});

test("the state needs neither the page nor the network", () => {
    for (const path of reached("store/reduce.js")) assert.match(path, /^(store|text)\//);
});
