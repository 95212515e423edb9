/** Links, characters and times. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { hue, initials, isBigEmoji, length } from "../../../web/text/characters.js";
import { parts } from "../../../web/text/links.js";
import { times } from "../../../web/text/time.js";

const links = (text) => parts(text).filter(({ href }) => href).map(({ text: shown, href }) => [shown, href]);

test("URLs become links without trailing punctuation", () => {
    assert.deepEqual(links("See https://a.example/b?c=1#d, please."), [["https://a.example/b?c=1#d", "https://a.example/b?c=1#d"]]);
    assert.deepEqual(links("(http://a.example/x_(y))"), [["http://a.example/x_(y)", "http://a.example/x_(y)"]]);
    assert.deepEqual(links("www.example.org!"), [["www.example.org", "https://www.example.org/"]]);
    assert.deepEqual(links("HTTPS://EXAMPLE.org"), [["HTTPS://EXAMPLE.org", "https://example.org/"]]);
});

test("other schemes and misleading URLs stay text", () => {
    const tricks = ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "https://", "http:///x", "//a.example"];
    for (const text of [...tricks, "https://user:pass@evil.example", "https://bank.example@evil.example/", "a.b"]) {
        assert.deepEqual(links(text), [], text);
    }
    assert.deepEqual(links('https://a.example/"onmouseover=alert(1)'), [["https://a.example/", "https://a.example/"]]);
    assert.deepEqual(links("https://a.example/\u202egpj.exe"), [["https://a.example/", "https://a.example/"]]);
});

test("link parts add up to the whole text", () => {
    for (const text of ["", "a", "https://a.example", "x https://a.example, www.b.example.\ny", "((https://a.example))", "🙂https://a.example🙂"]) {
        assert.equal(parts(text).map((part) => part.text).join(""), text);
    }
    assert.equal(parts("https://a.example ".repeat(500)).length, 1000);
});

test("length counts code points", () => {
    assert.equal(length("👋🏽"), 2);
    assert.equal(length("città"), 5);
});

test("one to three emoji are shown large, a digit is not", () => {
    for (const text of ["👋🏽", "👨‍👩‍👧‍👦", "❤️ 🔥", "🇮🇹"]) assert.ok(isBigEmoji(text), text);
    for (const text of ["1", "hi 👋", "🙂🙂🙂🙂", "", " ", "#"]) assert.ok(!isBigEmoji(text), text);
});

test("initials work in any script, and a colour is stable", () => {
    assert.equal(initials("Alice B. Rossi"), "AR");
    assert.equal(initials("алиса"), "А");
    assert.equal(initials("<img>"), "I");
    assert.equal(initials("👻"), "?");
    assert.equal(hue("alice", 8), 3);
    assert.equal(hue("bob", 8), 1);
});

test("times are formatted for each language", () => {
    const now = new Date(2025, 5, 18, 12).getTime();
    const [en, it] = [times("en-GB"), times("it-IT")];
    const at = (days, hours = 0) => now - days * 86_400_000 - hours * 3_600_000;
    assert.equal(en.brief(at(0, 2), now), "10:00");
    assert.equal(en.brief(at(3), now), "Sun");
    assert.equal(en.day(at(0, 11), now), "Today");
    assert.equal(en.day(at(0, 13), now), "Yesterday");
    assert.equal(it.day(at(1), now), "Ieri");
    assert.match(en.day(at(100), now), /10 March/);
    assert.match(en.day(at(400), now), /2024/);
    assert.match(it.brief(at(400), now), /24/);
});
