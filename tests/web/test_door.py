"""The door: who knocks, who is let in, who is turned away, and what each of them sees."""

from playwright.sync_api import expect

from tests.web.town import Person, Town

KNOCKS = {"dm_policy": "nobody", "knocks": True}


def knock(guest: Person, host: Person, text: str) -> None:
    guest.go(f"u/{host.user}")
    guest.page.get_by_role("link", name="Knock", exact=True).click()
    expect(guest.page.get_by_text("You can send one message")).to_be_visible()
    guest.write(text)
    expect(guest.message(text).locator(".delivery")).to_have_attribute("title", "Waiting to be accepted")
    expect(guest.page.get_by_text(f"You can’t message {host.name} at the moment.")).to_be_visible()


def answer(host: Person, guest: Person) -> None:
    host.page.get_by_role("link", name="person knocks at your door").click()
    host.page.get_by_role("link", name=guest.name).click()
    expect(host.page.get_by_text(f"{guest.name} knocks at your door")).to_be_visible()


def test_whoever_is_let_in_may_write_and_learns_nothing_before(town: Town) -> None:
    host = town.person("Hanna Haus", settings=KNOCKS)
    guest = town.person("Gino Gallo")
    knock(guest, host, "May I? https://example.org")
    expect(host.page).to_have_title("Bussa")
    answer(host, guest)
    host.sees("https://example.org")
    expect(host.page.locator("li.message a")).to_have_count(0)
    expect(host.box).to_be_hidden()
    expect(guest.message("May I?").locator(".delivery")).not_to_have_attribute("title", "Read")
    host.button("Accept").click()
    host.is_told("Gino Gallo can message you now.")
    expect(host.page.locator("li.message a")).to_have_count(1)
    host.write("Come in!")
    guest.sees("Come in!")
    guest.write("Thank you")
    host.sees("Thank you")
    expect(guest.message("May I?").locator(".delivery")).to_have_attribute("title", "Read")


def test_whoever_is_declined_or_reported_is_not_told(town: Town) -> None:
    host = town.person("Hanna Haus", settings=KNOCKS)
    one, other = town.person("Gino Gallo"), town.person("Rita Russo")
    knock(one, host, "Hello?")
    answer(host, one)
    host.button("Decline").click()
    expect(host.page.get_by_role("heading", name="No knocks")).to_be_visible()
    expect(one.message("Hello?").locator(".delivery")).to_have_attribute("title", "Waiting to be accepted")
    host.go()
    knock(other, host, "Buy this")
    answer(host, other)
    host.button("Block and report").click()
    dialog = host.page.get_by_role("dialog")
    expect(dialog.get_by_label("Also block Rita Russo")).to_be_checked()
    dialog.get_by_label("Spam").check()
    dialog.get_by_role("button", name="Report").click()
    host.is_told("Report sent. Thank you.")
    expect(host.page.get_by_role("heading", name="No knocks")).to_be_visible()
    for guest, text in ((one, "Hello?"), (other, "Buy this")):
        guest.page.reload()
        guest.sees(text)
        expect(guest.page.get_by_text("You can’t message Hanna Haus at the moment.")).to_be_visible()
    host.go(f"u/{other.user}")
    expect(host.button("Unblock Rita Russo")).to_be_visible()


def test_the_finer_settings_say_who_gets_in(town: Town) -> None:
    host = town.person("Hanna Haus", where="settings")
    guest = town.person("Gino Gallo", where="following")
    expect(host.page.get_by_role("radio", name="People who follow you", exact=True)).to_be_checked()
    closed = "You can’t message Hanna Haus."
    # Each with another outcome than the one before: what a profile showed last is shown until it has been read anew.
    for policy, follows, chance in (
        ("Nobody", "Nobody new", closed),
        ("Anyone", "Everybody", "Message"),
        ("People who follow you", "Whoever follows you", closed),
        ("People you follow", "Whoever", closed),
    ):
        host.page.get_by_role("radio", name=policy, exact=True).check()
        host.is_told("Saved.")
        expect(host.page.get_by_text(follows).first).to_be_visible()
        guest.go("following")
        expect(guest.page.get_by_role("heading", name="Choose a conversation")).to_be_visible()
        guest.go(f"u/{host.user}")
        expect(guest.page.locator("main").get_by_text(chance, exact=True)).to_be_visible()
        if policy == "People who follow you":
            guest.button("Follow").click()
            expect(guest.button("Unfollow")).to_be_visible()
            expect(guest.page.locator("main").get_by_text("Message", exact=True)).to_be_visible()
    host.page.get_by_label("Let others knock").check()
    host.is_told("Saved.")
    host.page.get_by_role("radio", name="Nobody").check()
    host.is_told("Saved.")
    guest.go("following")
    expect(guest.page.get_by_role("link", name="Hanna Haus")).to_be_visible()
    guest.page.get_by_role("link", name="Hanna Haus").click()
    expect(guest.page.get_by_role("link", name="Knock", exact=True)).to_be_visible()


def test_receipts_that_are_off_are_not_shown(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    bob.go("settings")
    bob.page.get_by_label("Send read receipts").uncheck()
    bob.is_told("Saved.")
    alice.write("seen?")
    bob.open(alice)
    bob.sees("seen?")
    expect(bob.page).to_have_title("Bussa")
    bob.write("no idea")
    alice.sees("no idea")
    expect(alice.message("seen?").locator(".delivery")).to_have_attribute("title", "Sent")


def test_a_block_hides_what_was_said_and_its_end_shows_it(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    bob.write("something awful")
    alice.sees("something awful")
    alice.choose("Block Bob Bianchi")
    alice.is_told("Bob Bianchi is blocked.")
    alice.sees_no("something awful")
    alice.sees("Hidden: you blocked this person")
    expect(alice.page.locator("bussa-conversations")).not_to_contain_text("something awful")
    bob.write("hello?")
    expect(bob.page.get_by_text("Not sent: you can’t message this person.")).to_be_visible()
    alice.button("Unblock Bob Bianchi").click()
    alice.sees("something awful")
    expect(bob.box).to_be_visible()
    bob.button("Try again").click()
    alice.sees("hello?")


def test_a_muted_person_counts_quietly_and_can_be_heard_again(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    bob.write("one")
    alice.sees("one")
    alice.choose("Mute Bob Bianchi")
    alice.is_told("Bob Bianchi is muted.")
    alice.go()
    bob.write("two")
    expect(alice.page.get_by_role("link", name="Bob Bianchi")).to_contain_text("1 unread message")
    expect(alice.page).to_have_title("Bussa")
    alice.open(bob)
    alice.choose("Unmute Bob Bianchi")
    alice.go()
    bob.write("three")
    expect(alice.page).to_have_title("(1) Bussa")


def test_one_message_is_reported(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    bob.write("something awful")
    alice.message("something awful").hover()
    alice.page.get_by_role("button", name="Report …").click()
    alice.page.get_by_label("Harassment or threats").check()
    alice.page.get_by_role("dialog").get_by_role("button", name="Report").click()
    alice.is_told("Report sent. Thank you.")
    bob.write("more of it")
    expect(bob.page.get_by_text("Not sent: you can’t message this person.")).to_be_visible()


def test_people_are_followed_and_seen_to_follow(town: Town) -> None:
    alice, bob = town.person("Alice Rossi"), town.person("Bob Bianchi")
    alice.go(f"u/{bob.user}")
    alice.button("Follow").click()
    alice.is_told("You follow Bob Bianchi.")
    expect(alice.page.get_by_role("link", name="Message", exact=True)).to_be_visible()
    bob.go("followers")
    bob.page.get_by_role("link", name="Alice Rossi").click()
    expect(bob.page.get_by_text("Follows you", exact=True)).to_be_visible()
    alice.go("following")
    alice.page.get_by_role("link", name="Bob Bianchi").click()
    alice.button("Unfollow").click()
    expect(alice.page.get_by_text("You can’t message Bob Bianchi.")).to_be_visible()
    expect(alice.page.get_by_text("You don’t follow anyone yet.")).to_be_visible()


def test_a_menu_that_is_open_stays_open_when_something_is_heard_of_the_person(town: Town) -> None:
    alice, bob = town.person("Alice Rossi"), town.person("Bob Bianchi")
    alice.go(f"u/{bob.user}")
    expect(alice.page.get_by_role("heading", name="Bob Bianchi")).to_be_visible()
    alice.page.locator("main").get_by_role("button", name="More").click()
    town.server.admin("PUT", f"/v1/users/{bob.user}", {"name": "Roberto Bianchi"})
    alice.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(alice.page.get_by_role("heading", name="Roberto Bianchi")).to_be_visible()
    expect(alice.page.get_by_role("menuitem", name="Block")).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.choose("Block Roberto Bianchi")
    alice.is_told("Roberto Bianchi is blocked.")


def test_somebody_blocked_before_a_word_was_written_can_be_unblocked_another_time(town: Town) -> None:
    alice, bob = town.person("Alice Rossi"), town.person("Bob Bianchi")
    alice.go(f"u/{bob.user}")
    expect(alice.page.get_by_role("heading", name="Bob Bianchi")).to_be_visible()  # until then it is an id's menu
    alice.choose("Block Bob Bianchi")
    alice.is_told("Bob Bianchi is blocked.")
    alice.page.reload()
    alice.button("Unblock Bob Bianchi").click()
    alice.is_told("Bob Bianchi is no longer blocked.")
    alice.page.reload()
    expect(alice.button("Follow")).to_be_visible()
    expect(alice.button("Unblock Bob Bianchi")).to_have_count(0)
