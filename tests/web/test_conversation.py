"""Two people in two browsers write to each other."""

import re

from playwright.sync_api import expect

from tests.web.town import Town


def test_a_message_is_sent_arrives_is_read_and_says_so(town: Town) -> None:
    alice, bob = town.friends("Alice Rossi", "Bob Bianchi")
    alice.go(f"c/{bob.user}")
    alice.write("Ciao!")
    mark = alice.message("Ciao!").locator(".delivery")
    expect(mark).to_have_attribute("title", "Sent")
    expect(bob.page).to_have_title("(1) Bussa")
    expect(bob.page.get_by_role("link", name="Alice Rossi")).to_contain_text("1 unread message")
    bob.open(alice)
    bob.sees("Ciao!")
    expect(mark).to_have_attribute("title", "Read")
    expect(bob.page).to_have_title("Bussa")
    expect(bob.page.locator(".unread-divider")).to_have_text("New")
    expect(bob.page.locator(".date-divider").first).to_have_text("Today")


def test_whoever_writes_is_seen_to_write(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    alice.write("Are you there?")
    bob.sees("Are you there?")
    bob.box.press_sequentially("Yes")
    expect(alice.page.locator("bussa-thread-header")).to_contain_text("is typing")
    expect(alice.page.locator(".typing-indicator")).to_be_visible()
    bob.box.press("Enter")
    alice.sees("Yes")
    expect(alice.page.locator(".typing-indicator")).to_be_hidden()


def test_an_answer_shows_what_it_answers_and_leads_there(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    alice.write("Shall we meet at eight?")
    for number in range(40):
        alice.write(f"line {number}")
    bob.sees("line 39")
    bob.page.locator(".thread-scroll").evaluate("box => box.scrollTop = 0")
    bob.message("Shall we meet").hover()
    bob.page.get_by_role("button", name="Reply").click()
    expect(bob.page.locator(".reply-preview")).to_contain_text("Shall we meet at eight?")
    bob.write("Gladly")
    quote = alice.message("Gladly").get_by_role("button", name=re.compile("In reply to You Shall we meet"))
    expect(quote).to_be_visible()
    expect(bob.page.locator(".reply-preview")).to_be_hidden()
    quote.click()
    expect(alice.message("Shall we meet at eight?").first).to_be_in_viewport()
    expect(alice.message("Shall we meet at eight?").first).to_be_focused()


def test_enter_sends_and_shift_enter_begins_a_line_and_the_box_grows(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    height = alice.box.bounding_box()
    alice.box.press_sequentially("one")
    alice.box.press("Shift+Enter")
    alice.box.press_sequentially("two")
    grown = alice.box.bounding_box()
    assert height is not None
    assert grown is not None
    assert grown["height"] > height["height"]
    alice.box.press("Enter")
    expect(alice.box).to_have_value("")
    expect(bob.message("two").locator(".text")).to_have_text("one\ntwo")
    shrunk = alice.box.bounding_box()
    assert shrunk is not None
    assert shrunk["height"] == height["height"]


def test_near_the_limit_one_counts_and_beyond_it_nothing_is_sent(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    expect(alice.button("Send")).to_be_disabled()
    alice.box.fill("x" * 9_400)
    expect(alice.page.locator(".counter")).to_be_hidden()
    alice.box.fill("🙂" * 9_900)
    expect(alice.page.locator(".counter")).to_have_text("100")
    alice.box.fill("x" * 10_001)
    expect(alice.page.locator(".counter")).to_have_text("-1")
    expect(alice.button("Send")).to_be_disabled()
    alice.box.press("Enter")
    expect(alice.box).to_have_value("x" * 10_001)
    alice.box.fill("🙂" * 10_000)
    alice.box.press("Enter")
    expect(bob.message("🙂").locator(".text")).to_have_text("🙂" * 10_000)


def test_links_are_safe_emoji_are_large_and_writing_goes_its_own_way(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    alice.write("Look: https://example.org/a?b=c.")
    link = bob.page.get_by_role("link", name="https://example.org/a?b=c", exact=True)
    expect(link).to_have_attribute("href", "https://example.org/a?b=c")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
    expect(link).to_have_attribute("target", "_blank")
    alice.button("Emoji").click()
    alice.page.get_by_role("button", name="🎉").click()
    alice.box.press("Enter")
    expect(bob.message("🎉").locator(".bubble")).to_have_class(re.compile("big"))
    alice.write("שלום, מה נשמע?")
    expect(bob.message("שלום").locator(".body")).to_have_css("direction", "rtl")
    alice.write("and back")
    expect(bob.message("and back").locator(".body")).to_have_css("direction", "ltr")


def test_what_is_not_sent_yet_waits_where_it_was_written(town: Town) -> None:
    alice, bob, carla = town.friends("Alice Rossi", "Bob Bianchi", "Carla Conti")
    for other in (bob, carla):
        alice.go(f"c/{other.user}")
        alice.write("hello")
        alice.sees("hello")
    alice.box.fill("half a tho")
    alice.open(bob)
    expect(alice.page.get_by_role("link", name="Carla Conti")).to_contain_text("Draft: half a tho")
    alice.page.reload()
    alice.open(carla)
    expect(alice.box).to_have_value("half a tho")


def test_messages_are_found_and_opened_where_they_stand(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    bob.write("The café opens at nine")
    for number in range(60):
        bob.write(f"line {number}")
    alice.sees("line 59")
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


def test_two_devices_of_one_person_see_the_same(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    phone = town.window(alice.user, alice.name, where=f"c/{bob.user}", viewport={"width": 390, "height": 760})
    phone.write("from the phone")
    alice.sees("from the phone")
    expect(alice.message("from the phone")).to_have_class(re.compile("own"))
    bob.write("an answer")
    phone.sees("an answer")
    phone.page.get_by_role("link", name="Back").click()
    expect(phone.page.get_by_role("heading", name="Messages", exact=True)).to_be_visible()
    expect(alice.page).to_have_title("Bussa")
    expect(phone.page).to_have_title("Bussa")


def test_a_message_far_below_does_not_move_whoever_reads_above(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    for number in range(60):
        alice.write(f"line {number}")
    bob.sees("line 59")
    scroll = bob.page.locator(".thread-scroll")
    scroll.evaluate("box => box.scrollTop = 300")
    expect(bob.page.get_by_role("button", name="Jump to latest")).to_be_visible()
    before = scroll.evaluate("box => box.scrollTop")
    alice.write("far below")
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


def test_a_notification_is_shown_if_it_is_wanted_and_never_for_knocks_or_muted_people(town: Town) -> None:
    alice, bob = town.friends("Alice Rossi", "Bob Bianchi")
    knocker = town.person("Gino Gallo")
    town.server.admin("PUT", f"/v1/users/{alice.user}", {"knocks": True})
    alice.page.add_init_script(RECORD)
    alice.page.reload()
    bob.go(f"c/{alice.user}")
    alice.go("settings")
    bob.write("nobody asked for this one")
    expect(alice.page).to_have_title("(1) Bussa")
    alice.page.get_by_label("Show desktop notifications").check()
    bob.write("while alice looks")
    expect(alice.page).to_have_title("(2) Bussa")
    assert alice.page.evaluate("shown") == []
    alice.page.evaluate("away = true")
    bob.write("while she looks elsewhere")
    expect(alice.page).to_have_title("(3) Bussa")
    knocker.go(f"c/{alice.user}")
    knocker.write("may I?")
    expect(alice.page.get_by_role("link", name="1 person knocks at your door")).to_be_visible()
    alice.go(f"u/{bob.user}")
    alice.choose("Mute Bob Bianchi")
    alice.is_told("Bob Bianchi is muted.")
    bob.write("unheard")
    expect(alice.page.get_by_role("link", name="Bob Bianchi").first).to_contain_text("4 unread messages")
    assert alice.page.evaluate("shown") == [["Bob Bianchi", "while she looks elsewhere"]]
