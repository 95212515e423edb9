"""Outages: server crashes, lost networks, frozen tabs, revoked sessions."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.web.ui_driver import Harness, Server, UserPage


@pytest.fixture
def server() -> Iterator[Server]:
    """One for each test: they kill it."""
    server = Server("--send-rate", "0")
    yield server
    server.close()


def expect_banner(person: UserPage, text: str) -> None:
    expect(person.page.locator("bussa-banner")).to_contain_text(text)


def test_messages_survive_a_server_crash_and_arrive_once(harness: Harness, server: Server) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    alice.send("before")
    bob.expect_message("before")
    server.kill()
    alice.send("from alice, meanwhile")
    bob.send("from bob, meanwhile")
    expect(alice.message("from alice").locator(".delivery")).to_have_attribute("title", "Sending")
    expect_banner(alice, "Reconnecting …")
    server.start()
    for one in (alice, bob):
        for text in ("from alice, meanwhile", "from bob, meanwhile"):
            expect(one.page.locator("li.message:not(.pending)", has_text=text)).to_have_count(1)
        expect(one.page.locator("bussa-banner")).to_be_hidden()
        expect(one.page.locator("li.message")).to_have_count(3)
    alice.send("after")
    bob.expect_message("after")


def test_unanswered_message_is_kept_and_retried(harness: Harness, server: Server) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    server.kill()
    alice.page.clock.install()
    alice.send("keep this")
    alice.page.clock.run_for(25_000)
    expect(alice.page.get_by_text("Not sent: no response from the server.")).to_be_visible()
    alice.page.clock.resume()
    server.start()
    expect(alice.page.locator("li.message:not(.pending)", has_text="keep this")).to_have_count(1)
    bob.expect_message("keep this")
    expect(bob.message("keep this")).to_have_count(1)


def test_reloaded_page_sends_its_outbox_once(harness: Harness, server: Server) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    alice.page.context.set_offline(True)
    server.kill()
    alice.send("written into the void")
    expect(alice.message("written into the void")).to_have_class(re.compile("pending"))
    server.start()
    alice.page.context.set_offline(False)
    alice.page.reload()
    bob.expect_message("written into the void")
    expect(bob.message("written into the void")).to_have_count(1)
    expect(alice.page.locator("li.message:not(.pending)", has_text="written into")).to_have_count(1)


def test_refused_message_keeps_its_text_and_can_be_retried(harness: Harness, server: Server) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    server.admin("PUT", f"/v1/users/{bob.user}", {"dm_policy": "nobody"})
    alice.send("may I still?")
    expect(alice.page.get_by_text("Not sent: you can’t message this person.")).to_be_visible()
    alice.page.reload()
    expect(alice.message("may I still?")).to_have_class(re.compile("failed"))
    server.admin("PUT", f"/v1/users/{bob.user}", {"dm_policy": "anyone"})
    alice.button("Try again").click()
    bob.expect_message("may I still?")
    server.admin("PUT", f"/v1/users/{alice.user}/following/{bob.user}")
    expect(alice.message("may I still?")).not_to_have_class(re.compile("failed"))


def test_failed_message_can_be_edited(harness: Harness, server: Server) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    bob.send("hello")
    alice.expect_message("hello")
    server.admin("PUT", f"/v1/users/{bob.user}", {"dm_policy": "nobody"})
    server.kill()
    alice.page.clock.install()
    alice.send("a tpyo")
    alice.page.clock.run_for(25_000)
    alice.button("Edit").click()
    expect(alice.composer).to_have_value("a tpyo")
    expect(alice.page.locator("li.pending")).to_have_count(0)
    alice.page.clock.resume()
    server.start()
    alice.composer.fill("a typo")
    alice.composer.press("Enter")
    bob.expect_message("a typo")
    bob.expect_no_message("a tpyo")


def test_offline_page_says_so_and_sends_after_reconnecting(harness: Harness, server: Server) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    alice.page.context.set_offline(True)
    expect_banner(alice, "You are offline.")
    alice.page.context.set_offline(False)
    expect(alice.page.locator("bussa-banner")).to_be_hidden()
    alice.send("back again")
    bob.expect_message("back again")


def test_frozen_tab_catches_up_with_an_active_one(harness: Harness, browser: Browser) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    awake = harness.open_window(bob.user, bob.name, where=f"c/{alice.user}")
    devtools = bob.page.context.new_cdp_session(bob.page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    for number in range(30):
        alice.send(f"while it slept {number}")
    awake.expect_message("while it slept 29")
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    bob.expect_message("while it slept 29")
    texts = [person.page.locator("li.message .text").all_inner_texts() for person in (bob, awake)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 30


def test_session_revoked_elsewhere_is_reported_and_keeps_drafts(harness: Harness, server: Server) -> None:
    page = harness.context().new_page()
    page.goto(server.url)
    page.get_by_label("User name").fill("olga")
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("bussa-app-shell")).to_be_visible()
    server.admin("PUT", "/v1/users/piet", {"dm_policy": "anyone"})
    page.goto(f"{server.url}/#/c/piet")
    page.locator("textarea").fill("not yet sent")
    other = harness.open_window("olga", "olga", where="settings")
    expect(page.locator(".send")).to_be_enabled()
    other.button("Log out of all devices").click()
    other.page.get_by_role("dialog").get_by_role("button", name="Log out of all devices").click()
    expect(page.get_by_role("alert").first).to_contain_text("Your session has ended")
    expect(other.page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value("olga")
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("textarea")).to_have_value("not yet sent")


def test_logout_leaves_no_token_behind(harness: Harness) -> None:
    alice = harness.user("Alice Rossi", where="settings")
    alice.button("Log out").click()
    expect(alice.page.get_by_role("heading", name="Log in")).to_be_visible()
    kept = alice.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "token" not in kept
    alice.page.reload()
    expect(alice.page.get_by_role("heading", name="Create an account")).to_be_visible()
