"""Drives the page in real browsers against a real server.

Server     ``bussa serve`` as a process that can be killed and restarted on the same port
Harness    creates users and opens their pages
UserPage   the page object of one user's window
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
# Browser messages about a server that is down, which tests cause on purpose.
EXPECTED_CONSOLE = ("WebSocket connection to", "Failed to load resource", "net::ERR_")
# The page has one toast element, which keeps its last text while hidden. So every insertion is recorded: the element
# alone cannot tell whether the same text was shown again.
RECORD_TOASTS = """
    window.toasts = [];
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes) {
            for (const { className, textContent } of addedNodes) {
                if (className === "toast" && textContent) window.toasts.push(textContent);
            }
        }
    }).observe(document, { childList: true, subtree: true });
"""
TAKE_TOAST = "text => window.toasts.includes(text) && window.toasts.splice(0, window.toasts.indexOf(text) + 1)"


class Server:
    """``bussa serve`` with a data folder of its own."""

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


class UserPage:
    """The page object of one user's window."""

    def __init__(self, page: Page, user: str, name: str, url: str) -> None:
        self.page = page
        self.user = user
        self.name = name
        self._url = url
        self.console: list[str] = []
        page.add_init_script(RECORD_TOASTS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.console.append(str(error)))

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Bussa: "):
            self.console.append(message.text)

    def goto(self, where: str = "") -> None:
        """Open a view by its URL."""
        self.page.goto(f"{self._url}/#/{where}")

    def open_conversation(self, other: "UserPage") -> None:
        """Open the conversation with another user from the list."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name="Messages").click()
        self.page.get_by_role("link", name=other.name).click()

    @property
    def composer(self) -> Locator:
        return self.page.locator("textarea")

    def send(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def message(self, text: str) -> Locator:
        # Match the text without the time: "line 5" at 9:30 would match "line 59" too.
        return self.page.locator("li.message", has=self.page.locator(".text", has_text=text))

    def expect_message(self, text: str) -> None:
        expect(self.message(text).first).to_be_visible()

    def expect_no_message(self, text: str) -> None:
        expect(self.message(text)).to_have_count(0)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def choose_menu_item(self, item: str) -> None:
        """Choose an item of the menu in the main pane."""
        self.page.locator("main").get_by_role("button", name="More").click()
        self.page.get_by_role("menuitem", name=item).click()

    def expect_toast(self, text: str) -> None:
        """Wait for a toast and consume it, so that the next call needs another one."""
        try:
            self.page.wait_for_function(TAKE_TOAST, arg=text)
        except PlaywrightTimeoutError:
            toasts = self.page.evaluate("window.toasts")
            raise AssertionError(f"{self.user} saw no toast {text!r}, only {toasts}") from None

    def expect_no_errors(self) -> None:
        """The console has no unexpected errors."""
        wrong = [text for text in self.console if not any(known in text for known in EXPECTED_CONSOLE)]
        assert not wrong, f"{self.user}: {wrong}"


class Harness:
    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser = browser
        self.server = server
        self.pages: list[UserPage] = []
        self._contexts: list[BrowserContext] = []
        self._number = next(_numbers)

    def context(self, **options: Any) -> BrowserContext:
        context = self._browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1180, "height": 760}} | options)
        context.set_default_timeout(60_000)
        self._contexts.append(context)
        return context

    def user(self, name: str, *, where: str = "", settings: dict[str, Any] | None = None, **options: Any) -> UserPage:
        """Create a user, and open a window in which they are logged in."""
        user = f"{re.sub(r'[^a-z]', '', name.split()[0].lower()) or 'x'}{self._number}"
        self.server.admin("PUT", f"/v1/users/{user}", {"name": name, **(settings or {})})
        return self.open_window(user, name, where=where, **options)

    def open_window(self, user: str, name: str, *, where: str = "", **options: Any) -> UserPage:
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
        person = UserPage(context.new_page(), user, name, self.server.url)
        self.pages.append(person)
        person.goto(where)
        expect(person.page.locator("bussa-app-shell")).to_be_visible()
        return person

    def befriend(self, *people: UserPage) -> None:
        """Let all of them follow each other."""
        for one in people:
            for other in people:
                if one is not other:
                    self.server.admin("PUT", f"/v1/users/{one.user}/following/{other.user}")

    def friends(self, *names: str, **options: Any) -> Sequence[UserPage]:
        people = [self.user(name, **options) for name in names]
        self.befriend(*people)
        return people

    def conversation(self, *names: str, **options: Any) -> Sequence[UserPage]:
        """Two friends with their conversation open."""
        one, other = self.friends(*names, **options)
        one.goto(f"c/{other.user}")
        other.goto(f"c/{one.user}")
        expect(one.composer).to_be_visible()
        expect(other.composer).to_be_visible()
        return one, other

    def close(self) -> None:
        for context in self._contexts:
            context.close()


_numbers = iter(range(1, 10_000))
