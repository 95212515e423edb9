"""What goes wrong: the server dies and comes back, the network goes, a tab sleeps, an account is logged out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.web.town import Person, Server, Town


@pytest.fixture
def server() -> Iterator[Server]:
    """One for each play, for they kill it."""
    server = Server("--send-rate", "0")
    yield server
    server.close()


def says(person: Person, text: str) -> None:
    expect(person.page.locator("bussa-banner")).to_contain_text(text)


def test_the_server_is_killed_in_mid_conversation_and_nothing_is_lost_or_doubled(town: Town, server: Server) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    alice.write("before")
    bob.sees("before")
    server.kill()
    alice.write("from alice, meanwhile")
    bob.write("from bob, meanwhile")
    expect(alice.message("from alice").locator(".delivery")).to_have_attribute("title", "Sending")
    says(alice, "Reconnecting …")
    server.start()
    for one in (alice, bob):
        for text in ("from alice, meanwhile", "from bob, meanwhile"):
            expect(one.page.locator("li.message:not(.pending)", has_text=text)).to_have_count(1)
        expect(one.page.locator("bussa-banner")).to_be_hidden()
        expect(one.page.locator("li.message")).to_have_count(3)
    alice.write("after")
    bob.sees("after")


def test_a_message_without_an_answer_stays_and_is_tried_again_by_itself(town: Town, server: Server) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    server.kill()
    alice.page.clock.install()
    alice.write("keep this")
    alice.page.clock.run_for(25_000)
    expect(alice.page.get_by_text("Not sent: no response from the server.")).to_be_visible()
    alice.page.clock.resume()
    server.start()
    expect(alice.page.locator("li.message:not(.pending)", has_text="keep this")).to_have_count(1)
    bob.sees("keep this")
    expect(bob.message("keep this")).to_have_count(1)


def test_a_page_that_is_closed_with_a_message_on_its_way_sends_it_once_when_it_comes_back(
    town: Town, server: Server
) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    alice.page.context.set_offline(True)
    server.kill()
    alice.write("written into the void")
    expect(alice.message("written into the void")).to_have_class(re.compile("pending"))
    server.start()
    alice.page.context.set_offline(False)
    alice.page.reload()
    bob.sees("written into the void")
    expect(bob.message("written into the void")).to_have_count(1)
    expect(alice.page.locator("li.message:not(.pending)", has_text="written into")).to_have_count(1)


def test_a_message_that_was_refused_keeps_its_text_for_another_try(town: Town, server: Server) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    server.admin("PUT", f"/v1/users/{bob.user}", {"dm_policy": "nobody"})
    alice.write("may I still?")
    expect(alice.page.get_by_text("Not sent: you can’t message this person.")).to_be_visible()
    alice.page.reload()
    expect(alice.message("may I still?")).to_have_class(re.compile("failed"))
    server.admin("PUT", f"/v1/users/{bob.user}", {"dm_policy": "anyone"})
    alice.button("Try again").click()
    bob.sees("may I still?")
    server.admin("PUT", f"/v1/users/{alice.user}/following/{bob.user}")
    expect(alice.message("may I still?")).not_to_have_class(re.compile("failed"))


def test_a_refused_message_can_be_changed(town: Town, server: Server) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    bob.write("hello")
    alice.sees("hello")
    server.admin("PUT", f"/v1/users/{bob.user}", {"dm_policy": "nobody"})
    server.kill()
    alice.page.clock.install()
    alice.write("a tpyo")
    alice.page.clock.run_for(25_000)
    alice.button("Edit").click()
    expect(alice.box).to_have_value("a tpyo")
    expect(alice.page.locator("li.pending")).to_have_count(0)
    alice.page.clock.resume()
    server.start()
    alice.box.fill("a typo")
    alice.box.press("Enter")
    bob.sees("a typo")
    bob.sees_no("a tpyo")


def test_offline_is_said_and_what_was_written_meanwhile_is_sent(town: Town, server: Server) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    alice.page.context.set_offline(True)
    says(alice, "You are offline.")
    alice.page.context.set_offline(False)
    expect(alice.page.locator("bussa-banner")).to_be_hidden()
    alice.write("back again")
    bob.sees("back again")


def test_a_tab_that_slept_ends_as_one_that_stayed_awake(town: Town, browser: Browser) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    awake = town.window(bob.user, bob.name, where=f"c/{alice.user}")
    devtools = bob.page.context.new_cdp_session(bob.page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    for number in range(30):
        alice.write(f"while it slept {number}")
    awake.sees("while it slept 29")
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    bob.sees("while it slept 29")
    texts = [person.page.locator("li.message .text").all_inner_texts() for person in (bob, awake)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 30


def test_logged_out_elsewhere_is_said_and_drafts_are_there_after_logging_in(town: Town, server: Server) -> None:
    page = town.context().new_page()
    page.goto(server.url)
    page.get_by_label("User name").fill("olga")
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("bussa-app-shell")).to_be_visible()
    server.admin("PUT", "/v1/users/piet", {"dm_policy": "anyone"})
    page.goto(f"{server.url}/#/c/piet")
    page.locator("textarea").fill("not yet sent")
    other = town.window("olga", "olga", where="settings")
    expect(page.locator(".send")).to_be_enabled()
    other.button("Log out of all devices").click()
    other.page.get_by_role("dialog").get_by_role("button", name="Log out of all devices").click()
    expect(page.get_by_role("alert").first).to_contain_text("Your session has ended")
    expect(other.page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value("olga")
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("textarea")).to_have_value("not yet sent")


def test_who_logs_out_here_leaves_nothing_behind_to_log_in_with(town: Town) -> None:
    alice = town.person("Alice Rossi", where="settings")
    alice.button("Log out").click()
    expect(alice.page.get_by_role("heading", name="Log in")).to_be_visible()
    kept = alice.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "token" not in kept
    alice.page.reload()
    expect(alice.page.get_by_role("heading", name="Create an account")).to_be_visible()
