"""Every view of the page with sample data, for accessibility checks and screenshots."""

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Page, expect

from tests.web.ui_driver import Harness, UserPage


class View(NamedTuple):
    """``open`` navigates to the view from anywhere."""

    name: str
    open: Callable[[UserPage], None]


def seed(harness: Harness, **options: object) -> tuple[UserPage, dict[str, str]]:
    """A user with sample conversations, and the ids of their peers."""
    # The peers write through the SDK: a browser window for each would be slow.
    me = harness.user("Giulia Ferri", settings={"knocks": True}, **options)
    names = {
        "marco": "Marco Bellini",
        "aisha": "Aïsha Diallo",
        "yael": "יעל כהן",
        "sam": "Sam Okafor",
        "nina": "Nina Kowalska",
        "knock": "Dr. Leopold Winter",
        "blocked": "Promo 4 You",
    }
    ids = {key: f"{key}{me.user.removeprefix('giulia')}" for key in names}
    for key, user in ids.items():
        harness.server.admin("PUT", f"/v1/users/{user}", {"name": names[key], "dm_policy": "anyone"})
        if key != "knock":
            harness.server.admin("PUT", f"/v1/users/{user}/following/{me.user}")
            harness.server.admin("PUT", f"/v1/users/{me.user}/following/{user}")
    actions = SdkActions(harness, me)
    for who, to, text in (
        ("blocked", "", "WIN a phone!!! https://win.example"),
        ("nina", "", "Thank you for the recipe, it was wonderful 🍝"),
        ("", "nina", "You are welcome! Next time with mushrooms."),
        ("yael", "", "שבת שלום! נתראה מחר?"),
        ("sam", "", "The slides are here: https://slides.example/door-policy"),
        ("sam", "", "Tell me when you have had a look"),
        ("", "aisha", "Did you get home all right?"),
        ("aisha", "", "Yes! The train was on time for once 🚆"),
        ("knock", "", "Good evening. We met at the fair in Turin, may I write to you?"),
        ("marco", "", "Ciao Giulia, are you still coming on Saturday?"),
        ("", "marco", "Of course! I bring the dessert 🍰"),
        ("marco", "", "Perfect. We are going to be eight, Luca and his sister come as well."),
        ("marco", "", "The address again: https://maps.example/via-roma-12"),
        ("", "marco", "Found it, thank you. Shall I bring chairs too? We have four folding ones in the cellar."),
        ("marco", "", "That would be great!"),
        ("", "marco", "👍"),
    ):
        actions.send(
            ids.get(who, me.user), ids.get(to, me.user), text, reply_to=5 if text.startswith("That would") else None
        )
    actions.read(ids["nina"], 1)
    actions.block(ids["blocked"])
    actions.close()
    me.page.reload()
    expect(me.page.get_by_role("link", name="Marco Bellini")).to_be_visible()
    return me, ids


class SdkActions:
    """Calls the SDK in a page, for users without a window."""

    def __init__(self, harness: Harness, me: UserPage) -> None:
        self._harness = harness
        self._me = me
        self._page: Page = harness.context().new_page()
        self._page.goto(harness.server.url + "/web/icon.svg")
        self._tokens: dict[str, str] = {}

    def _call(self, user: str, what: str, *values: object) -> None:
        token = self._tokens.get(user) or self._harness.server.admin("POST", f"/v1/users/{user}/tokens")["token"]
        self._tokens[user] = token
        self._page.evaluate(
            """async ([token, what, values]) => {
                const { Client } = await import("/web/bussa.js");
                const me = await new Client(location.origin, token).open();
                await me[what](...values);
                await me.close();
            }""",
            [token, what, list(values)],
        )

    def send(self, sender: str, to: str, text: str, reply_to: int | None = None) -> None:
        self._call(sender, "send", to, text, {} if reply_to is None else {"replyTo": reply_to})

    def read(self, peer: str, n: int) -> None:
        self._call(self._me.user, "read", peer, n)

    def block(self, user: str) -> None:
        self._call(self._me.user, "block", user)

    def close(self) -> None:
        self._page.close()


def views(ids: dict[str, str]) -> list[View]:
    def at(where: str, wait: Callable[[Page], None]) -> Callable[[UserPage], None]:
        def open_(me: UserPage) -> None:
            me.goto(where)
            wait(me.page)

        return open_

    def sees(text: str) -> Callable[[Page], None]:
        return lambda page: expect(page.get_by_text(text).locator("visible=true").first).to_be_visible()

    return [
        View("conversation", at(f"c/{ids['marco']}", sees("That would be great!"))),
        View("messages", at("", sees("Marco Bellini"))),
        View("knocks", at("knocks", sees("Dr. Leopold Winter"))),
        View("knock", at(f"c/{ids['knock']}", sees("They don’t learn"))),
        View("blocked", at(f"c/{ids['blocked']}", sees("You blocked Promo 4 You"))),
        View("person", at(f"u/{ids['aisha']}", sees("Follows you"))),
        View("people", at("following", sees("Nina Kowalska"))),
        View("settings", at("settings", sees("Receive direct messages from anyone"))),
        View("new", at("new", sees("Recipient"))),
    ]
