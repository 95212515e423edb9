"""Two users in two browsers write to each other."""

import re

from playwright.sync_api import expect

from tests.web.ui_driver import Harness


def test_message_shows_sent_then_read(harness: Harness) -> None:
    alice, bob = harness.friends("Alice Rossi", "Bob Bianchi")
    alice.goto(f"c/{bob.user}")
    alice.send("Ciao!")
    mark = alice.message("Ciao!").locator(".delivery")
    expect(mark).to_have_attribute("title", "Sent")
    expect(bob.page).to_have_title("(1) Bussa")
    expect(bob.page.get_by_role("link", name="Alice Rossi")).to_contain_text("1 unread message")
    bob.open_conversation(alice)
    bob.expect_message("Ciao!")
    expect(mark).to_have_attribute("title", "Read")
    expect(bob.page).to_have_title("Bussa")
    expect(bob.page.locator(".unread-divider")).to_have_text("New")
    expect(bob.page.locator(".date-divider").first).to_have_text("Today")


def test_typing_indicator_shows_until_the_message_arrives(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    alice.send("Are you there?")
    bob.expect_message("Are you there?")
    bob.composer.press_sequentially("Yes")
    expect(alice.page.locator("bussa-thread-header")).to_contain_text("is typing")
    expect(alice.page.locator(".typing-indicator")).to_be_visible()
    bob.composer.press("Enter")
    alice.expect_message("Yes")
    expect(alice.page.locator(".typing-indicator")).to_be_hidden()


def test_reply_quotes_its_message_and_links_to_it(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    alice.send("Shall we meet at eight?")
    for number in range(40):
        alice.send(f"line {number}")
    bob.expect_message("line 39")
    bob.page.locator(".thread-scroll").evaluate("box => box.scrollTop = 0")
    bob.message("Shall we meet").hover()
    bob.page.get_by_role("button", name="Reply", exact=True).click()
    expect(bob.page.locator(".reply-preview")).to_contain_text("Shall we meet at eight?")
    bob.send("Gladly")
    quote = alice.message("Gladly").get_by_role("button", name=re.compile("In reply to You Shall we meet"))
    expect(quote).to_be_visible()
    expect(bob.page.locator(".reply-preview")).to_be_hidden()
    quote.click()
    expect(alice.message("Shall we meet at eight?").first).to_be_in_viewport()
    expect(alice.message("Shall we meet at eight?").first).to_be_focused()


def test_composer_sends_on_enter_and_grows_with_its_lines(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    height = alice.composer.bounding_box()
    alice.composer.press_sequentially("one")
    alice.composer.press("Shift+Enter")
    alice.composer.press_sequentially("two")
    grown = alice.composer.bounding_box()
    assert height is not None
    assert grown is not None
    assert grown["height"] > height["height"]
    alice.composer.press("Enter")
    expect(alice.composer).to_have_value("")
    expect(bob.message("two").locator(".text")).to_have_text("one\ntwo")
    shrunk = alice.composer.bounding_box()
    assert shrunk is not None
    assert shrunk["height"] == height["height"]


def test_composer_counts_down_and_stops_at_the_limit(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    expect(alice.button("Send")).to_be_disabled()
    alice.composer.fill("x" * 9_400)
    expect(alice.page.locator(".counter")).to_be_hidden()
    alice.composer.fill("🙂" * 9_900)
    expect(alice.page.locator(".counter")).to_have_text("100")
    alice.composer.fill("x" * 10_001)
    expect(alice.page.locator(".counter")).to_have_text("-1")
    expect(alice.button("Send")).to_be_disabled()
    alice.composer.press("Enter")
    expect(alice.composer).to_have_value("x" * 10_001)
    alice.composer.fill("🙂" * 10_000)
    alice.composer.press("Enter")
    expect(bob.message("🙂").locator(".text")).to_have_text("🙂" * 10_000)


def test_message_has_safe_links_large_emoji_and_its_own_direction(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    alice.send("Look: https://example.org/a?b=c.")
    link = bob.page.get_by_role("link", name="https://example.org/a?b=c", exact=True)
    expect(link).to_have_attribute("href", "https://example.org/a?b=c")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
    expect(link).to_have_attribute("target", "_blank")
    alice.button("Emoji").click()
    alice.page.get_by_role("button", name="🎉").click()
    alice.composer.press("Enter")
    expect(bob.message("🎉").locator(".bubble")).to_have_class(re.compile("big"))
    alice.send("שלום, מה נשמע?")
    expect(bob.message("שלום").locator(".body")).to_have_css("direction", "rtl")
    alice.send("and back")
    expect(bob.message("and back").locator(".body")).to_have_css("direction", "ltr")


def test_draft_survives_navigation_and_reload(harness: Harness) -> None:
    alice, bob, carla = harness.friends("Alice Rossi", "Bob Bianchi", "Carla Conti")
    for other in (bob, carla):
        alice.goto(f"c/{other.user}")
        alice.send("hello")
        alice.expect_message("hello")
    alice.composer.fill("half a tho")
    alice.open_conversation(bob)
    expect(alice.page.get_by_role("link", name="Carla Conti")).to_contain_text("Draft: half a tho")
    alice.page.reload()
    alice.open_conversation(carla)
    expect(alice.composer).to_have_value("half a tho")


def test_search_finds_a_message_and_opens_it_in_place(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    bob.send("The café opens at nine")
    for number in range(60):
        bob.send(f"line {number}")
    alice.expect_message("line 59")
    alice.page.get_by_label("Search messages and people").fill("CAFE")
    hit = alice.page.locator("bussa-search-results").get_by_role("link", name=re.compile("opens at nine"))
    hit.click()
    expect(alice.message("The café opens").first).to_be_in_viewport()
    alice.page.get_by_role("button", name="Jump to latest").click()
    expect(alice.message("line 59").first).to_be_in_viewport()
    search = alice.page.get_by_label("Search messages and people")
    search.fill("nothing like it")
    expect(alice.page.get_by_text("No results for “nothing like it”.")).to_be_visible()
    search.press("Escape")
    expect(alice.page.locator("bussa-conversations a.row")).to_have_count(1)


def test_two_devices_of_one_user_show_the_same(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    phone = harness.open_window(alice.user, alice.name, where=f"c/{bob.user}", viewport={"width": 390, "height": 760})
    phone.send("from the phone")
    alice.expect_message("from the phone")
    expect(alice.message("from the phone")).to_have_class(re.compile("own"))
    bob.send("an answer")
    phone.expect_message("an answer")
    phone.page.get_by_role("link", name="Back").click()
    expect(phone.page.get_by_role("heading", name="Messages", exact=True)).to_be_visible()
    expect(alice.page).to_have_title("Bussa")
    expect(phone.page).to_have_title("Bussa")


def test_scroll_position_holds_when_a_message_arrives_below(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    for number in range(60):
        alice.send(f"line {number}")
    bob.expect_message("line 59")
    scroll = bob.page.locator(".thread-scroll")
    scroll.evaluate("box => box.scrollTop = 300")
    expect(bob.page.get_by_role("button", name="Jump to latest")).to_be_visible()
    before = scroll.evaluate("box => box.scrollTop")
    alice.send("far below")
    down = bob.page.get_by_role("button", name="Jump to latest")
    expect(down).to_contain_text("1")
    assert scroll.evaluate("box => box.scrollTop") == before
    down.click()
    expect(bob.message("far below")).to_be_in_viewport()


RECORD = """
    window.shown = [];
    window.away = false;
    document.hasFocus = () => !window.away;
    window.Notification = class {
        static permission = "default";
        static async requestPermission() { return (this.permission = "granted"); }
        constructor(title, options) { window.shown.push([title, options.body]); }
    };
"""


def test_notification_is_opt_in_and_never_for_knocks_or_muted_people(harness: Harness) -> None:
    alice, bob = harness.friends("Alice Rossi", "Bob Bianchi")
    knocker = harness.user("Gino Gallo")
    harness.server.admin("PUT", f"/v1/users/{alice.user}", {"knocks": True})
    alice.page.add_init_script(RECORD)
    alice.page.reload()
    bob.goto(f"c/{alice.user}")
    alice.goto("settings")
    bob.send("nobody asked for this one")
    expect(alice.page).to_have_title("(1) Bussa")
    alice.page.get_by_label("Show desktop notifications").check()
    bob.send("while alice looks")
    expect(alice.page).to_have_title("(2) Bussa")
    assert alice.page.evaluate("shown") == []
    alice.page.evaluate("away = true")
    bob.send("while she looks elsewhere")
    expect(alice.page).to_have_title("(3) Bussa")
    knocker.goto(f"c/{alice.user}")
    knocker.send("may I?")
    expect(alice.page.get_by_role("link", name="1 person knocks at your door")).to_be_visible()
    alice.goto(f"u/{bob.user}")
    alice.choose_menu_item("Mute Bob Bianchi")
    alice.expect_toast("Bob Bianchi is muted.")
    bob.send("unheard")
    expect(alice.page.get_by_role("link", name="Bob Bianchi").first).to_contain_text("4 unread messages")
    assert alice.page.evaluate("shown") == [["Bob Bianchi", "while she looks elsewhere"]]
