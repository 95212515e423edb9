"""Privacy: message requests, policies, blocks, mutes, reports, follows, and what each side sees."""

from playwright.sync_api import expect

from tests.web.ui_driver import Harness, UserPage

KNOCKS = {"dm_policy": "nobody", "knocks": True}


def knock(guest: UserPage, host: UserPage, text: str) -> None:
    guest.goto(f"u/{host.user}")
    guest.page.get_by_role("link", name="Knock", exact=True).click()
    expect(guest.page.get_by_text("You can send one message")).to_be_visible()
    guest.send(text)
    expect(guest.message(text).locator(".delivery")).to_have_attribute("title", "Waiting to be accepted")
    expect(guest.page.get_by_text(f"You can’t message {host.name} at the moment.")).to_be_visible()


def answer(host: UserPage, guest: UserPage) -> None:
    host.page.get_by_role("link", name="person knocks at your door").click()
    host.page.get_by_role("link", name=guest.name).click()
    expect(host.page.get_by_text(f"{guest.name} knocks at your door")).to_be_visible()


def test_accepted_knocker_can_write_and_learns_nothing_before(harness: Harness) -> None:
    host = harness.user("Hanna Haus", settings=KNOCKS)
    guest = harness.user("Gino Gallo")
    knock(guest, host, "May I? https://example.org")
    expect(host.page).to_have_title("Bussa")
    answer(host, guest)
    host.expect_message("https://example.org")
    expect(host.page.locator("li.message a")).to_have_count(0)
    expect(host.composer).to_be_hidden()
    expect(guest.message("May I?").locator(".delivery")).not_to_have_attribute("title", "Read")
    host.button("Accept").click()
    host.expect_toast("Gino Gallo can message you now.")
    expect(host.page.locator("li.message a")).to_have_count(1)
    host.send("Come in!")
    guest.expect_message("Come in!")
    guest.send("Thank you")
    host.expect_message("Thank you")
    expect(guest.message("May I?").locator(".delivery")).to_have_attribute("title", "Read")


def test_declined_or_reported_knocker_is_not_told(harness: Harness) -> None:
    host = harness.user("Hanna Haus", settings=KNOCKS)
    one, other = harness.user("Gino Gallo"), harness.user("Rita Russo")
    knock(one, host, "Hello?")
    answer(host, one)
    host.button("Decline").click()
    expect(host.page.get_by_role("heading", name="No knocks")).to_be_visible()
    expect(one.message("Hello?").locator(".delivery")).to_have_attribute("title", "Waiting to be accepted")
    host.goto()
    knock(other, host, "Buy this")
    answer(host, other)
    host.button("Block and report").click()
    dialog = host.page.get_by_role("dialog")
    expect(dialog.get_by_label("Also block Rita Russo")).to_be_checked()
    dialog.get_by_label("Spam").check()
    dialog.get_by_role("button", name="Report").click()
    host.expect_toast("Report sent. Thank you.")
    expect(host.page.get_by_role("heading", name="No knocks")).to_be_visible()
    for guest, text in ((one, "Hello?"), (other, "Buy this")):
        guest.page.reload()
        guest.expect_message(text)
        expect(guest.page.get_by_text("You can’t message Hanna Haus at the moment.")).to_be_visible()
    host.goto(f"u/{other.user}")
    expect(host.button("Unblock Rita Russo")).to_be_visible()


def test_policy_setting_decides_who_can_write(harness: Harness) -> None:
    host = harness.user("Hanna Haus", where="settings")
    guest = harness.user("Gino Gallo", where="following")
    expect(host.page.get_by_role("radio", name="People who follow you", exact=True)).to_be_checked()
    closed = "You can’t message Hanna Haus."
    # Consecutive outcomes differ: a profile shows its last state until it is reloaded.
    for policy, outcome in (
        ("Nobody", closed),
        ("Anyone", "Message"),
        ("People who follow you", closed),
        ("People you follow", closed),
    ):
        host.page.get_by_role("radio", name=policy, exact=True).check()
        host.expect_toast("Saved.")
        guest.goto("following")
        expect(guest.page.get_by_role("heading", name="Choose a conversation")).to_be_visible()
        guest.goto(f"u/{host.user}")
        expect(guest.page.locator("main").get_by_text(outcome, exact=True)).to_be_visible()
        if policy == "People who follow you":
            guest.button("Follow").click()
            expect(guest.button("Unfollow")).to_be_visible()
            expect(guest.page.locator("main").get_by_text("Message", exact=True)).to_be_visible()
    host.page.get_by_label("Let others knock").check()
    host.expect_toast("Saved.")
    host.page.get_by_role("radio", name="Nobody").check()
    host.expect_toast("Saved.")
    guest.goto("following")
    expect(guest.page.get_by_role("link", name="Hanna Haus")).to_be_visible()
    guest.page.get_by_role("link", name="Hanna Haus").click()
    expect(guest.page.get_by_role("link", name="Knock", exact=True)).to_be_visible()


def test_disabled_read_receipts_are_not_sent(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    bob.goto("settings")
    bob.page.get_by_label("Send read receipts").uncheck()
    bob.expect_toast("Saved.")
    alice.send("seen?")
    bob.open_conversation(alice)
    bob.expect_message("seen?")
    expect(bob.page).to_have_title("Bussa")
    bob.send("no idea")
    alice.expect_message("no idea")
    expect(alice.message("seen?").locator(".delivery")).to_have_attribute("title", "Sent")


def test_block_hides_messages_and_unblock_shows_them(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    bob.send("something awful")
    alice.expect_message("something awful")
    alice.choose_menu_item("Block Bob Bianchi")
    alice.expect_toast("Bob Bianchi is blocked.")
    alice.expect_no_message("something awful")
    alice.expect_message("Hidden: you blocked this person")
    expect(alice.page.locator("bussa-conversations")).not_to_contain_text("something awful")
    bob.send("hello?")
    expect(bob.page.get_by_text("Not sent: you can’t message this person.")).to_be_visible()
    alice.button("Unblock Bob Bianchi").click()
    alice.expect_message("something awful")
    expect(bob.composer).to_be_visible()
    bob.button("Try again").click()
    alice.expect_message("hello?")


def test_muted_peer_is_counted_in_the_list_but_not_in_the_title(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    bob.send("one")
    alice.expect_message("one")
    alice.choose_menu_item("Mute Bob Bianchi")
    alice.expect_toast("Bob Bianchi is muted.")
    alice.goto()
    bob.send("two")
    expect(alice.page.get_by_role("link", name="Bob Bianchi")).to_contain_text("1 unread message")
    expect(alice.page).to_have_title("Bussa")
    alice.open_conversation(bob)
    alice.choose_menu_item("Unmute Bob Bianchi")
    alice.goto()
    bob.send("three")
    expect(alice.page).to_have_title("(1) Bussa")


def test_single_message_can_be_reported(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    bob.send("something awful")
    alice.message("something awful").hover()
    alice.page.get_by_role("button", name="Report …").click()
    alice.page.get_by_label("Harassment or threats").check()
    alice.page.get_by_role("dialog").get_by_role("button", name="Report").click()
    alice.expect_toast("Report sent. Thank you.")
    bob.send("more of it")
    expect(bob.page.get_by_text("Not sent: you can’t message this person.")).to_be_visible()


def test_follow_is_shown_on_both_sides(harness: Harness) -> None:
    alice, bob = harness.user("Alice Rossi"), harness.user("Bob Bianchi")
    alice.goto(f"u/{bob.user}")
    alice.button("Follow").click()
    alice.expect_toast("You follow Bob Bianchi.")
    expect(alice.page.get_by_role("link", name="Message", exact=True)).to_be_visible()
    bob.goto("followers")
    bob.page.get_by_role("link", name="Alice Rossi").click()
    expect(bob.page.get_by_text("Follows you", exact=True)).to_be_visible()
    alice.goto("following")
    alice.page.get_by_role("link", name="Bob Bianchi").click()
    alice.button("Unfollow").click()
    expect(alice.page.get_by_text("You can’t message Bob Bianchi.")).to_be_visible()
    expect(alice.page.get_by_text("You don’t follow anyone yet.")).to_be_visible()


def test_open_menu_survives_a_profile_update(harness: Harness) -> None:
    alice, bob = harness.user("Alice Rossi"), harness.user("Bob Bianchi")
    alice.goto(f"u/{bob.user}")
    expect(alice.page.get_by_role("heading", name="Bob Bianchi")).to_be_visible()
    alice.page.locator("main").get_by_role("button", name="More").click()
    harness.server.admin("PUT", f"/v1/users/{bob.user}", {"name": "Roberto Bianchi"})
    alice.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(alice.page.get_by_role("heading", name="Roberto Bianchi")).to_be_visible()
    expect(alice.page.get_by_role("menuitem", name="Block")).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.choose_menu_item("Block Roberto Bianchi")
    alice.expect_toast("Roberto Bianchi is blocked.")


def test_user_blocked_without_a_conversation_can_be_unblocked_after_reload(harness: Harness) -> None:
    alice, bob = harness.user("Alice Rossi"), harness.user("Bob Bianchi")
    alice.goto(f"u/{bob.user}")
    expect(alice.page.get_by_role("heading", name="Bob Bianchi")).to_be_visible()  # until then the menu has the id
    alice.choose_menu_item("Block Bob Bianchi")
    alice.expect_toast("Bob Bianchi is blocked.")
    alice.page.reload()
    alice.button("Unblock Bob Bianchi").click()
    alice.expect_toast("Bob Bianchi is no longer blocked.")
    alice.page.reload()
    expect(alice.button("Follow")).to_be_visible()
    expect(alice.button("Unblock Bob Bianchi")).to_have_count(0)
