"""For everybody: the accessibility rules on every view, the keyboard alone, every width, light and dark."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.web.tools import ROOT
from tests.web.town import Person, Server, Town
from tests.web.views import furnish, views

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "build" / "screenshots"
WIDTHS = {"phone": 390, "tablet": 834, "wide": 1360}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def rules(person: Person) -> None:
    """No rule of axe is broken on what is shown."""
    person.page.evaluate(AXE.read_text() + "\n0")
    found: Any = person.page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
    broken = [
        f"{rule['id']}: {rule['help']}\n  " + "\n  ".join(node["html"][:200] for node in rule["nodes"][:4])
        for rule in found["violations"]
    ]
    assert not broken, "\n".join(broken)
    assert len(found["passes"]) > 15


@pytest.mark.parametrize("width", ["phone", "tablet", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_keeps_the_rules_and_looks_like_this(town: Town, width: str, scheme: Any) -> None:
    me, ids = furnish(
        town,
        viewport={"width": WIDTHS[width], "height": 844},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,  # for axe, which is not of the page
    )
    SHOTS.mkdir(parents=True, exist_ok=True)
    for view in views(ids):
        view.open(me)
        rules(me)
        assert me.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{view.name} is wider than it"
        me.page.screenshot(path=SHOTS / f"{view.name}-{width}-{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_above_a_view_keeps_the_rules_too(town: Town, scheme: Any) -> None:
    me, ids = furnish(town, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    me.go(f"c/{ids['marco']}")
    me.sees("That would be great!")
    me.page.locator("main").get_by_role("button", name="More").click()
    rules(me)
    me.page.get_by_role("menuitem", name="Report …").click()
    rules(me)
    me.page.screenshot(path=SHOTS / f"dialog-{scheme}.png")
    me.button("Cancel").click()
    me.button("Emoji").click()
    rules(me)
    me.page.screenshot(path=SHOTS / f"emoji-{scheme}.png")
    me.page.keyboard.press("Escape")
    me.message("The address again").hover()
    me.page.get_by_role("button", name="Reply").click()
    me.box.fill("x " * 4_800)
    rules(me)
    me.page.screenshot(path=SHOTS / f"reply-{scheme}.png")
    me.page.get_by_label("Search messages and people").fill("the")
    expect(me.page.locator("bussa-search-results mark").first).to_be_visible()
    rules(me)
    me.page.screenshot(path=SHOTS / f"search-{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_view_keeps_the_rules(browser: Browser, server: Server, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    rules(Person(page, "nobody", "nobody", server.url))
    page.screenshot(path=SHOTS / f"welcome-phone-{scheme}.png")
    context.close()


def spread_out(text: str) -> str:
    """A frame of the server's with its times spread over some days: whoever furnishes a page does it in a second."""
    frame = json.loads(text)
    for row, minutes in zip(frame.get("conversations", ()), (2, 26, 64, 190, 1_600, 5_200, 9_000), strict=False):
        row["last"]["at"] -= minutes * 60_000
    for message in frame.get("messages", ()):
        message["at"] -= (2 + 7 * (len(frame["messages"]) - message["n"])) * 60_000
    return json.dumps(frame)


def test_the_picture_of_the_readme_is_what_the_page_looks_like(town: Town) -> None:
    """docs/screenshot.png is a copy of what this leaves in build/screenshots/readme.png."""
    me, ids = furnish(town, viewport={"width": 1200, "height": 750}, reduced_motion="reduce")
    me.go(f"c/{ids['marco']}")
    me.sees("That would be great!")
    me.go(f"c/{ids['aisha']}")
    me.sees("The train was on time")

    def between(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        server_side.on_message(lambda text: page_side.send(spread_out(str(text))))

    me.page.route_web_socket("**/v1/socket", between)
    views(ids)[0].open(me)
    me.page.reload()
    me.sees("That would be great!")
    me.page.mouse.move(0, 0)
    picture = SHOTS / "readme.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    me.page.screenshot(path=picture)
    assert 20_000 < picture.stat().st_size < 250_000
    assert (ROOT / "docs" / "screenshot.png").is_file()


def test_by_keyboard_alone_one_writes_answers_and_opens_the_door(town: Town) -> None:
    alice, bob = town.friends("Alice Rossi", "Bob Bianchi")
    keys = alice.page.keyboard
    alice.page.locator("body").focus()

    def until(name: str, key: str = "Tab") -> None:
        for _ in range(40):
            keys.press(key)
            if name in str(
                alice.page.evaluate(
                    "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
                )
            ):
                return
        raise AssertionError(f"{name} cannot be reached by {key}")

    keys.press("Tab")
    expect(alice.page.get_by_role("link", name="Skip to content")).to_be_focused()
    until("New message")
    keys.press("Enter")
    expect(alice.page.get_by_label("Recipient")).to_be_focused()
    keys.type(bob.user)
    keys.press("Enter")
    expect(alice.page.get_by_role("link", name="Message", exact=True)).to_be_visible()
    until("Message")
    keys.press("Enter")
    expect(alice.box).to_be_focused()
    keys.type("by hand")
    keys.press("Enter")
    alice.sees("by hand")

    bob.go(f"c/{alice.user}")
    bob.sees("by hand")
    bob.write("well done")
    alice.sees("well done")
    until("Messages", "Shift+Tab")
    keys.press("ArrowUp")
    expect(alice.message("well done")).to_be_focused()
    keys.press("ArrowUp")
    expect(alice.message("by hand")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("r")
    expect(alice.box).to_be_focused()
    keys.type("thank you")
    keys.press("Enter")
    expect(bob.message("thank you").locator(".quote")).to_contain_text("well done")

    until("More", "Shift+Tab")
    keys.press("Enter")
    expect(alice.page.get_by_role("menuitem", name="Mute")).to_be_focused()
    keys.press("ArrowDown")
    expect(alice.page.get_by_role("menuitem", name="Block")).to_be_focused()
    keys.press("Escape")
    expect(alice.page.locator("main").get_by_role("button", name="More")).to_be_focused()

    until("Settings", "Shift+Tab")
    keys.press("Enter")
    expect(alice.page.get_by_role("heading", name="Settings")).to_be_visible()
    alice.page.get_by_label("Receive direct messages from anyone").focus()
    keys.press("Space")
    expect(alice.page.get_by_role("radio", name="Anyone")).to_be_checked()
    keys.press("Escape")
    expect(alice.page.get_by_role("heading", name="Choose a conversation")).to_be_visible()


def test_a_screen_reader_is_told_of_what_comes_in(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi")
    alice.write("listen")
    expect(bob.page.get_by_role("log")).to_have_text("Alice Rossi: listen")
    landmarks = bob.page.locator("nav[aria-label], main, [role=search], [role=region][aria-label]")
    assert landmarks.count() >= 4


def test_who_wants_no_motion_sees_none(town: Town) -> None:
    alice, bob = town.talking("Alice Rossi", "Bob Bianchi", reduced_motion="reduce")
    alice.write("x")
    bob.sees("x")
    bob.box.press_sequentially("y")
    dots = alice.page.locator(".typing-indicator i").first
    expect(dots).to_be_visible()
    expect(dots).to_have_css("animation-name", "none")


def test_the_rules_would_be_seen_to_break(town: Town) -> None:
    me = town.person("Alice Rossi", bypass_csp=True)
    me.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        rules(me)


def test_screenshots_are_where_they_are_kept() -> None:
    assert Path(SHOTS).relative_to(ROOT).parts[0] == "build", "which is kept out of the repository"
