"""A server and people in front of their browsers: what the plays share.

Server     the real one, as a process that can be killed and started again where it was
Town       makes people and their windows
Person     one window of one person, and what people do in it
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]
PASSWORD = "open sesame"
# What a browser itself says when the server is gone; that is part of the play.
EXPECTED_NOISE = ("WebSocket connection to", "Failed to load resource", "net::ERR_")
# The page has one element for what it tells its user, and puts it in its place anew each time. What it told last
# stays in there, hidden after a while, so that element cannot say whether something was told again.
HEAR = """
    window.told = [];
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes) {
            for (const { className, textContent } of addedNodes) {
                if (className === "toast" && textContent) window.told.push(textContent);
            }
        }
    }).observe(document, { childList: true, subtree: true });
"""
TAKE = "text => window.told.includes(text) && window.told.splice(0, window.told.indexOf(text) + 1)"


class Server:
    """``bussa serve`` with a folder of its own."""

    def __init__(self, *options: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="bussa-")
        self._options = options
        self._port = 0
        self.url = ""
        self.start()

    def start(self) -> None:
        bussa = str(Path(sys.executable).with_name("bussa"))
        self._process = subprocess.Popen(
            [bussa, "serve", "--port", str(self._port), "--data", self.folder, "--admin-key", "key", *self._options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"listens on (http://\S+)", line):
                self.url = found.group(1)
                self._port = int(self.url.rsplit(":", 1)[1])
                return
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(method, self.url + path, json=body, headers={"Authorization": "Bearer key"})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


class Person:
    """One window of one person."""

    def __init__(self, page: Page, user: str, name: str, url: str) -> None:
        self.page = page
        self.user = user
        self.name = name
        self._url = url
        self.noise: list[str] = []
        page.add_init_script(HEAR)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.noise.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Bussa: "):
            self.noise.append(message.text)

    def go(self, where: str = "") -> None:
        """Open a view by its address, as a bookmark does."""
        self.page.goto(f"{self._url}/#/{where}")

    def open(self, other: "Person") -> None:
        """Open the conversation with somebody from the list."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name="Messages").click()
        self.page.get_by_role("link", name=other.name).click()

    @property
    def box(self) -> Locator:
        return self.page.locator("textarea")

    def write(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def message(self, text: str) -> Locator:
        # Of its words alone: with the time behind it a "line 5" of 9:30 would be a "line 59", too.
        return self.page.locator("li.message", has=self.page.locator(".text", has_text=text))

    def sees(self, text: str) -> None:
        expect(self.message(text).first).to_be_visible()

    def sees_no(self, text: str) -> None:
        expect(self.message(text)).to_have_count(0)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def choose(self, item: str) -> None:
        """An item of the menu of what is open."""
        self.page.locator("main").get_by_role("button", name="More").click()
        self.page.get_by_role("menuitem", name=item).click()

    def is_told(self, text: str) -> None:
        """Wait for what the page says of the deed before. It is taken, so the same of a later deed is another one."""
        try:
            self.page.wait_for_function(TAKE, arg=text)
        except PlaywrightTimeoutError:
            told = self.page.evaluate("window.told")
            raise AssertionError(f"{self.user} was not told {text!r}, only {told}") from None

    def quiet(self) -> None:
        """Nothing went wrong in this window that was not part of the play."""
        wrong = [text for text in self.noise if not any(known in text for known in EXPECTED_NOISE)]
        assert not wrong, f"{self.user}: {wrong}"


class Town:
    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser = browser
        self.server = server
        self.people: list[Person] = []
        self._contexts: list[BrowserContext] = []
        self._number = next(_numbers)

    def context(self, **options: Any) -> BrowserContext:
        context = self._browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1180, "height": 760}} | options)
        context.set_default_timeout(60_000)
        self._contexts.append(context)
        return context

    def person(self, name: str, *, where: str = "", settings: dict[str, Any] | None = None, **options: Any) -> Person:
        """Somebody who has an account, and a window of a browser of their own in which they are logged in."""
        user = f"{re.sub(r'[^a-z]', '', name.split()[0].lower()) or 'x'}{self._number}"
        self.server.admin("PUT", f"/v1/users/{user}", {"name": name, **(settings or {})})
        return self.window(user, name, where=where, **options)

    def window(self, user: str, name: str, *, where: str = "", **options: Any) -> Person:
        grant = self.server.admin("POST", f"/v1/users/{user}/tokens")
        context = self.context(**options)
        account = json.dumps({**grant, "name": user})
        context.add_init_script(
            f"""if (!sessionStorage.getItem("given")) {{
                sessionStorage.setItem("given", "yes");
                sessionStorage.setItem("bussa:chosen", {json.dumps(user)});
                localStorage.setItem({json.dumps("bussa:account:" + user)}, {json.dumps(account)});
            }}"""
        )
        person = Person(context.new_page(), user, name, self.server.url)
        self.people.append(person)
        person.go(where)
        expect(person.page.locator("bussa-app-shell")).to_be_visible()
        return person

    def befriend(self, *people: Person) -> None:
        """All of them follow each other."""
        for one in people:
            for other in people:
                if one is not other:
                    self.server.admin("PUT", f"/v1/users/{one.user}/following/{other.user}")

    def friends(self, *names: str, **options: Any) -> Sequence[Person]:
        people = [self.person(name, **options) for name in names]
        self.befriend(*people)
        return people

    def talking(self, *names: str, **options: Any) -> Sequence[Person]:
        """Two friends who have their conversation open."""
        one, other = self.friends(*names, **options)
        one.go(f"c/{other.user}")
        other.go(f"c/{one.user}")
        expect(one.box).to_be_visible()
        expect(other.box).to_be_visible()
        return one, other

    def close(self) -> None:
        for context in self._contexts:
            context.close()


_numbers = iter(range(1, 10_000))
