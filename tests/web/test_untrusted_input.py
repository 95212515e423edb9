"""Untrusted input is displayed and never executed: names, texts, ids, URLs."""

import pytest
from playwright.sync_api import expect

from tests.web.ui_driver import Harness, UserPage

MARKUP = [
    "<img src=x onerror=window.hacked=1>",
    "<script>window.hacked=1</script>",
    '"><svg/onload=window.hacked=1>',
    "' onmouseover='window.hacked=1",
    "javascript:window.hacked=1",
    'https://x.example/"onclick="window.hacked=1',
    "{{constructor.constructor('window.hacked=1')()}}",
    "<a href=javascript:window.hacked=1>click</a>",
    "data:text/html,<script>window.hacked=1</script>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'>",
    "\u202e\u2066gpj.exe \u0000\u0001 {name} $& ${x}",
]
# Elements the page never creates: any in a name, any but links in a text, and what loads resources.
FORBIDDEN = ".text :not(a), bdi :not(mark), iframe, object, embed, base, #app script, #app img"


def expect_unharmed(person: UserPage) -> None:
    assert person.page.evaluate("window.hacked") is None
    expect(person.page.locator(FORBIDDEN)).to_have_count(0)


@pytest.mark.parametrize("attack", MARKUP)
def test_markup_in_any_field_of_a_user_stays_text(harness: Harness, attack: str) -> None:
    name = attack[:100].replace("\u0000", "").replace("\u0001", "")
    eve = harness.user("Eve", settings={"dm_policy": "anyone"})
    harness.server.admin("PUT", f"/v1/users/{eve.user}", {"name": name})
    eve.name = name
    alice = harness.user("Alice Rossi", settings={"dm_policy": "nobody", "knocks": True})
    eve.goto(f"c/{alice.user}")
    eve.send(attack)
    expect(eve.page.locator("li.message:not(.pending)")).to_have_count(1)

    page = alice.page
    alice.goto("knocks")
    row = page.locator("bussa-conversations a.row")
    expect(row.locator("bdi.strong")).to_have_text(name)
    row.click()
    expect(page.locator("li.message .text")).to_have_count(1)
    assert page.locator("li.message a").count() == 0
    expect_unharmed(alice)
    alice.button("Accept").click()
    expect(page.locator(".toast")).to_be_visible()
    alice.send("hm")
    eve.expect_message("hm")
    eve.page.locator("li.message.own").first.hover()
    eve.page.get_by_role("button", name="Reply", exact=True).click()
    eve.send("quoted")
    expect(page.locator(".quote")).to_have_count(1)
    links = page.locator("li.message a")
    expect(links).to_have_count(1 if attack.startswith("https://") else 0)
    for link in links.all():
        assert str(link.get_attribute("href")).startswith(("https://", "http://"))
    page.locator("li.message").first.hover()
    expect_unharmed(alice)
    page.locator("main").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Report").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    alice.button("Cancel").click()
    for where in (f"u/{eve.user}", "new", "following", "followers", "settings", ""):
        alice.goto(where)
        expect(page.locator("h1").locator("visible=true").first).to_be_visible()
        expect_unharmed(alice)
    page.get_by_label("Search messages and people").fill("window")
    expect(page.locator("bussa-search-results [role=status]")).not_to_have_text("Searching …")
    expect_unharmed(alice)


@pytest.mark.parametrize("user", ["__proto__", "constructor", "toString", "...", "a:b.c_d-e", "x" * 64])
def test_unusual_user_id_works_as_a_name(harness: Harness, user: str) -> None:
    harness.server.admin("PUT", f"/v1/users/{user}", {"dm_policy": "anyone"})
    alice = harness.user("Alice Rossi", settings={"dm_policy": "anyone"})
    alice.goto("new")
    alice.page.get_by_label("Recipient").fill(user)
    alice.button("Find").click()
    alice.page.get_by_role("link", name="Message", exact=True).click()
    alice.send("who are you?")
    expect(alice.page.locator("li.message:not(.pending)", has_text="who are you?")).to_be_visible()
    other = harness.open_window(user, user)
    other.page.get_by_role("link", name="Alice Rossi").click()
    other.send("just a name")
    alice.expect_message("just a name")
    expect(alice.page.locator("bussa-conversations bdi.strong")).to_have_text(user)


@pytest.mark.parametrize(
    "where", ["c/<img src=x onerror=window.hacked=1>", "u/%3Cscript%3E", "c/%", "%00", "c/a/<svg>"]
)
def test_crafted_url_has_no_effect(harness: Harness, where: str) -> None:
    alice = harness.user("Alice Rossi")
    alice.goto(where)
    expect(alice.page.locator("bussa-app-shell")).to_be_visible()
    expect_unharmed(alice)


def test_content_security_policy_stops_injected_elements(harness: Harness) -> None:
    alice = harness.user("Alice Rossi")
    page = alice.page
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            try { script.textContent = "window.hacked = 1"; } catch (error) { window.trusted = String(error); }
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "https://elsewhere.example/x.png";
            try { image.setAttribute("onerror", "window.hacked = 2"); } catch (error) { window.trusted += error; }
            document.body.append(image);
        }"""
    )
    said = list(alice.console)
    alice.console.clear()  # the browser reports the violations
    assert any("img-src" in text for text in said)
    assert page.evaluate("window.trusted").count("TrustedScript") == 2
    assert page.evaluate("window.hacked") is None
