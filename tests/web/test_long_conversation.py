"""A conversation of 50,000 messages: the DOM stays small, and visible messages keep their position."""

import asyncio
import threading

from playwright.sync_api import expect

from bussa import Client
from tests.web.ui_driver import Harness, Server, UserPage

MESSAGES = 50_000
CONCURRENCY = 400
"""Concurrent sends: enough to fill the server's batches."""
MAX_ELEMENTS = 200
"""Limit of message elements in the DOM."""


def write_messages(server: Server, one: str, other: str, count: int) -> None:
    """Let two users write in turn. In a thread: Playwright occupies the event loop of this one."""

    async def write() -> None:
        tokens = {user: server.admin("POST", f"/v1/users/{user}/tokens")["token"] for user in (one, other)}
        async with (
            Client(server.url, tokens[one], listen=False) as me,
            Client(server.url, tokens[other], listen=False) as you,
        ):
            for start in range(0, count, CONCURRENCY):
                await asyncio.gather(
                    *(
                        (me if number % 3 else you).send(
                            other if number % 3 else one, f"number {number}. " + "words and more words " * (number % 7)
                        )
                        for number in range(start + 1, min(count, start + CONCURRENCY) + 1)
                    )
                )

    thread = threading.Thread(target=lambda: asyncio.run(write()))
    thread.start()
    thread.join()


def visible_range(person: UserPage) -> tuple[int, int]:
    """The numbers of the first and the last visible message."""
    first, last = person.page.evaluate(
        """() => {
            const box = document.querySelector(".thread-scroll").getBoundingClientRect();
            const seen = [...document.querySelectorAll("li.message[data-n]")].filter((item) => {
                const { top, bottom } = item.getBoundingClientRect();
                return bottom > box.top && top < box.bottom;
            });
            return [seen[0], seen.at(-1)].map((item) => Number(item?.dataset.n ?? 0));
        }"""
    )
    return first, last


def scroll_by(person: UserPage, pixels: int) -> float:
    """Scroll, and return by how many pixels the visible messages moved more or less than that."""
    return person.page.evaluate(
        """async (pixels) => {
            const box = document.querySelector(".thread-scroll");
            const frame = () => new Promise(requestAnimationFrame);
            const middle = box.getBoundingClientRect().top + box.clientHeight / 2;
            const all = [...document.querySelectorAll("li.message[data-n]")];
            const item = all.find((item) => item.getBoundingClientRect().bottom > middle);
            const before = item.getBoundingClientRect().top;
            box.scrollBy({ top: pixels, behavior: "instant" });
            await frame();
            await frame();
            return item.getBoundingClientRect().top - before + pixels;
        }""",
        pixels,
    )


def scroll_to(person: UserPage, to: str) -> None:
    person.page.locator(".thread-scroll").evaluate(f"box => {{ box.scrollTop = {to}; }}")


def wait_for_messages(person: UserPage) -> None:
    """Wait until the visible messages are loaded."""
    person.page.wait_for_function(
        """() => {
            const box = document.querySelector(".thread-scroll").getBoundingClientRect();
            const ghosts = [...document.querySelectorAll("li.skeleton")].filter((item) => {
                const { top, bottom } = item.getBoundingClientRect();
                return bottom > box.top && top < box.bottom;
            });
            return ghosts.length === 0 && document.querySelectorAll("li.message").length > 0;
        }"""
    )
    assert person.page.locator("li.message").count() <= MAX_ELEMENTS


def test_fifty_thousand_messages_scroll_smoothly(harness: Harness, server: Server) -> None:
    alice, bob = harness.friends("Alice Rossi", "Bob Bianchi")
    write_messages(server, alice.user, bob.user, MESSAGES)
    alice.goto(f"c/{bob.user}")
    wait_for_messages(alice)
    assert visible_range(alice)[0] < 10, "the view starts at the first unread message"
    alice.page.locator(".latest-button").click()
    wait_for_messages(alice)
    first, last = visible_range(alice)
    assert last == MESSAGES

    # Scroll up in steps: messages move by the scrolled distance, whatever is inserted above.
    seen = set(range(first, last + 1))
    for _ in range(60):
        assert abs(scroll_by(alice, -400)) < 1.5
        wait_for_messages(alice)
        first, last = visible_range(alice)
        seen.update(range(first, last + 1))
    assert min(seen) < MESSAGES - 200
    assert seen == set(range(min(seen), MESSAGES + 1))
    for _ in range(20):
        assert abs(scroll_by(alice, 300)) < 1.5
        wait_for_messages(alice)

    # Visible messages keep their position when others arrive.
    first, _ = visible_range(alice)
    item = alice.page.locator(f"li[data-n='{first + 1}']")
    before = item.bounding_box()
    bob.goto(f"c/{alice.user}")
    bob.send("the newest of all")
    expect(alice.page.locator(".latest-button")).to_contain_text("1")
    after = item.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1

    # Drag the scrollbar: to the middle, to the start, and back.
    scroll_to(alice, "box.scrollHeight / 2")
    wait_for_messages(alice)
    middle = visible_range(alice)[0]
    assert MESSAGES * 0.3 < middle < MESSAGES * 0.7
    scroll_to(alice, "0")
    wait_for_messages(alice)
    for _ in range(10):
        if visible_range(alice)[0] == 1:
            break
        scroll_to(alice, "0")
        wait_for_messages(alice)
    assert visible_range(alice)[0] == 1
    alice.expect_message("number 1. ")
    alice.page.locator(".latest-button").click()
    expect(alice.message("the newest of all")).to_be_in_viewport()
    assert visible_range(alice)[1] == MESSAGES + 1

    # By URL, as search does.
    alice.goto(f"c/{bob.user}/12345")
    expect(alice.page.locator("li[data-n='12345']")).to_be_in_viewport()
    wait_for_messages(alice)
