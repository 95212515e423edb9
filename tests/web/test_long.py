"""A conversation of 50,000 messages: what is not looked at is not there, and what is looked at stays where it is."""

import asyncio
import threading

from playwright.sync_api import expect

from client import Bussa
from tests.web.town import Person, Server, Town

MANY = 50_000
TOGETHER = 400
"""Sends on their way at once: enough to fill the server's batches."""
MOST = 200
"""Elements of messages at the most."""


def fill(server: Server, one: str, other: str, count: int) -> None:
    """Let two people write in turn. In a thread of its own, for the browser has the loop of this one."""

    async def write() -> None:
        tokens = {user: server.admin("POST", f"/v1/users/{user}/tokens")["token"] for user in (one, other)}
        async with (
            Bussa(server.url, tokens[one], listen=False) as me,
            Bussa(server.url, tokens[other], listen=False) as you,
        ):
            for start in range(0, count, TOGETHER):
                await asyncio.gather(
                    *(
                        (me if number % 3 else you).send(
                            other if number % 3 else one, f"number {number}. " + "words and more words " * (number % 7)
                        )
                        for number in range(start + 1, min(count, start + TOGETHER) + 1)
                    )
                )

    thread = threading.Thread(target=lambda: asyncio.run(write()))
    thread.start()
    thread.join()


def looking(person: Person) -> tuple[int, int]:
    """The numbers of the first and the last message in sight."""
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


def step(person: Person, pixels: int) -> float:
    """Scroll, and say by how many pixels more or less than asked for the messages in sight have moved."""
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


def scroll(person: Person, to: str) -> None:
    person.page.locator(".thread-scroll").evaluate(f"box => {{ box.scrollTop = {to}; }}")


def settled(person: Person) -> None:
    """What is in sight has been read from the server."""
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
    assert person.page.locator("li.message").count() <= MOST


def test_fifty_thousand_messages_are_walked_through(town: Town, server: Server) -> None:
    alice, bob = town.friends("Alice Rossi", "Bob Bianchi")
    fill(server, alice.user, bob.user, MANY)
    alice.go(f"c/{bob.user}")
    settled(alice)
    assert looking(alice)[0] < 10, "one begins where one has not read yet"
    alice.page.locator(".latest-button").click()
    settled(alice)
    first, last = looking(alice)
    assert last == MANY

    # Up, step by step: everything moves by as much as was scrolled, whatever is read and put in above.
    seen = set(range(first, last + 1))
    for _ in range(60):
        assert abs(step(alice, -400)) < 1.5
        settled(alice)
        first, last = looking(alice)
        seen.update(range(first, last + 1))
    assert min(seen) < MANY - 200
    assert seen == set(range(min(seen), MANY + 1))
    for _ in range(20):
        assert abs(step(alice, 300)) < 1.5
        settled(alice)

    # What is looked at stays where it is while things are read around it.
    first, _ = looking(alice)
    item = alice.page.locator(f"li[data-n='{first + 1}']")
    before = item.bounding_box()
    bob.go(f"c/{alice.user}")
    bob.write("the newest of all")
    expect(alice.page.locator(".latest-button")).to_contain_text("1")
    after = item.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1

    # By the bar: into the middle, to the very beginning, and back.
    scroll(alice, "box.scrollHeight / 2")
    settled(alice)
    middle = looking(alice)[0]
    assert MANY * 0.3 < middle < MANY * 0.7
    scroll(alice, "0")
    settled(alice)
    for _ in range(10):
        if looking(alice)[0] == 1:
            break
        scroll(alice, "0")
        settled(alice)
    assert looking(alice)[0] == 1
    alice.sees("number 1. ")
    alice.page.locator(".latest-button").click()
    expect(alice.message("the newest of all")).to_be_in_viewport()
    assert looking(alice)[1] == MANY + 1

    # By the address, as a search does.
    alice.go(f"c/{bob.user}/12345")
    expect(alice.page.locator("li[data-n='12345']")).to_be_in_viewport()
    settled(alice)
