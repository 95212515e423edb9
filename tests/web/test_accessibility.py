"""Accessibility: axe on every view, keyboard only, all widths, light and dark."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.web.sample_views import seed, views
from tests.web.tools import ROOT
from tests.web.ui_driver import Harness, Server, UserPage

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "build" / "screenshots"
WIDTHS = {"phone": 390, "tablet": 834, "wide": 1360}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def check_axe(person: UserPage) -> None:
    """The visible page has no axe violations."""
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
def test_view_passes_axe_and_fits_its_width(harness: Harness, width: str, scheme: Any) -> None:
    me, ids = seed(
        harness,
        viewport={"width": WIDTHS[width], "height": 844},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,  # axe is injected
    )
    SHOTS.mkdir(parents=True, exist_ok=True)
    for view in views(ids):
        view.open(me)
        check_axe(me)
        assert me.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{view.name} is wider than it"
        me.page.screenshot(path=SHOTS / f"{view.name}-{width}-{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_overlay_passes_axe(harness: Harness, scheme: Any) -> None:
    me, ids = seed(harness, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    me.goto(f"c/{ids['marco']}")
    me.expect_message("That would be great!")
    me.page.locator("main").get_by_role("button", name="More").click()
    check_axe(me)
    me.page.get_by_role("menuitem", name="Report …").click()
    check_axe(me)
    me.page.screenshot(path=SHOTS / f"dialog-{scheme}.png")
    me.button("Cancel").click()
    me.button("Emoji").click()
    check_axe(me)
    me.page.screenshot(path=SHOTS / f"emoji-{scheme}.png")
    me.page.keyboard.press("Escape")
    me.message("The address again").hover()
    me.page.get_by_role("button", name="Reply", exact=True).click()
    me.composer.fill("x " * 4_800)
    check_axe(me)
    me.page.screenshot(path=SHOTS / f"reply-{scheme}.png")
    me.page.get_by_label("Search messages and people").fill("the")
    expect(me.page.locator("bussa-search-results mark").first).to_be_visible()
    check_axe(me)
    me.page.screenshot(path=SHOTS / f"search-{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_login_page_passes_axe(browser: Browser, server: Server, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    check_axe(UserPage(page, "nobody", "nobody", server.url))
    page.screenshot(path=SHOTS / f"welcome-phone-{scheme}.png")
    context.close()


def spread_times(text: str) -> str:
    """A frame with its times spread over some days: sample data is created within a second."""
    frame = json.loads(text)
    for row, minutes in zip(frame.get("conversations", ()), (2, 26, 64, 190, 1_600, 5_200, 9_000), strict=False):
        row["last"]["at"] -= minutes * 60_000
    for message in frame.get("messages", ()):
        message["at"] -= (2 + 7 * (len(frame["messages"]) - message["n"])) * 60_000
    return json.dumps(frame)


def test_readme_screenshot_can_be_reproduced(harness: Harness) -> None:
    """docs/screenshot.png is a copy of build/screenshots/readme.png."""
    me, ids = seed(harness, viewport={"width": 1200, "height": 750}, reduced_motion="reduce")
    me.goto(f"c/{ids['marco']}")
    me.expect_message("That would be great!")
    me.goto(f"c/{ids['aisha']}")
    me.expect_message("The train was on time")

    def between(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        server_side.on_message(lambda text: page_side.send(spread_times(str(text))))

    me.page.route_web_socket("**/v1/socket", between)
    views(ids)[0].open(me)
    me.page.reload()
    me.expect_message("That would be great!")
    me.page.mouse.move(0, 0)
    picture = SHOTS / "readme.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    me.page.screenshot(path=picture)
    assert 20_000 < picture.stat().st_size < 250_000
    assert (ROOT / "docs" / "screenshot.png").is_file()


def test_keyboard_alone_reaches_every_main_action(harness: Harness) -> None:
    alice, bob = harness.friends("Alice Rossi", "Bob Bianchi")
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
    expect(alice.composer).to_be_focused()
    keys.type("by hand")
    keys.press("Enter")
    alice.expect_message("by hand")

    bob.goto(f"c/{alice.user}")
    bob.expect_message("by hand")
    bob.send("well done")
    alice.expect_message("well done")
    until("Messages", "Shift+Tab")
    keys.press("ArrowUp")
    expect(alice.message("well done")).to_be_focused()
    keys.press("ArrowUp")
    expect(alice.message("by hand")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("r")
    expect(alice.composer).to_be_focused()
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


def test_incoming_message_is_announced_to_screen_readers(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi")
    alice.send("listen")
    expect(bob.page.get_by_role("log")).to_have_text("Alice Rossi: listen")
    landmarks = bob.page.locator("nav[aria-label], main, [role=search], [role=region][aria-label]")
    assert landmarks.count() >= 4


def test_reduced_motion_disables_animations(harness: Harness) -> None:
    alice, bob = harness.conversation("Alice Rossi", "Bob Bianchi", reduced_motion="reduce")
    alice.send("x")
    bob.expect_message("x")
    bob.composer.press_sequentially("y")
    dots = alice.page.locator(".typing-indicator i").first
    expect(dots).to_be_visible()
    expect(dots).to_have_css("animation-name", "none")


def test_axe_check_fails_on_a_violation(harness: Harness) -> None:
    me = harness.user("Alice Rossi", bypass_csp=True)
    me.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        check_axe(me)


def test_screenshots_are_ignored_by_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert f"{SHOTS.relative_to(ROOT).parts[0]}/" in ignored
