/** Languages have the same keys, and the page uses each of them. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { texts as en } from "../../../web/i18n/en.js";
import { pick, translator } from "../../../web/i18n/index.js";
import { texts as it } from "../../../web/i18n/it.js";

const WEB = new URL("../../../web/", import.meta.url);
const scripts = readdirSync(WEB, { recursive: true }).filter((name) => name.endsWith(".js") && !name.startsWith("i18n"));
const source = scripts.map((name) => readFileSync(new URL(name, WEB), "utf8")).join("\n");
const values = (text) => (typeof text === "string" ? [text] : Object.values(text)).map((form) => form.match(/\{\w+\}/g) ?? []).flat();

test("both languages have the same keys and placeholders", () => {
    assert.deepEqual(Object.keys(it), Object.keys(en));
    for (const key of Object.keys(en)) {
        assert.deepEqual(new Set(values(it[key])), new Set(values(en[key])), key);
        assert.equal(typeof it[key], typeof en[key], key);
    }
});

test("every key used by the page exists", () => {
    const asked = [...source.matchAll(/\bt\(\s*"([\w.]+)"/g)].map(([, key]) => key);
    assert.ok(asked.length > 80);
    for (const key of asked) assert.ok(Object.hasOwn(en, key), key);
});

test("every key is used by the page", () => {
    const prefixes = [...source.matchAll(/`([a-z]+\.)\$\{/g)].map(([, prefix]) => prefix);
    for (const key of Object.keys(en)) {
        const named = source.includes(`"${key}"`) || prefixes.some((prefix) => key.startsWith(prefix));
        assert.ok(named || /^list\.(none|noknocks)\.title$/.test(key), `${key} is asked for nowhere`);
    }
});

test("the first supported language is chosen, English otherwise", () => {
    assert.equal(pick(["it-CH", "en"]), "it");
    assert.equal(pick(["de", "it", "en"]), "it");
    assert.equal(pick(["constructor"]), "en");
    assert.equal(pick([]), "en");
});

test("a number selects the plural form and is localised; a value is inserted as text", () => {
    const t = translator("en", en);
    assert.equal(t("list.unread", { n: 1 }), "1 unread message");
    assert.equal(t("list.unread", { n: 1200 }), "1,200 unread messages");
    assert.equal(translator("it", it)("list.unread", { n: 12000 }), "12.000 messaggi non letti");
    assert.equal(t("action.block", { name: "{n} $& <b>" }), "Block {n} $& <b>");
    assert.throws(() => t("no.such"), RangeError);
    assert.throws(() => t("action.block"), RangeError);
});
