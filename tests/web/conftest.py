from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.web.town import CHROMIUM, FLAGS, Server, Town

# A slow machine is no failure.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium here")
    # A browser a module: while one of these runs, no test with an event loop of its own could.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server("--send-rate", "0")
    yield server
    server.close()


@pytest.fixture
def town(browser: Browser, server: Server) -> Iterator[Town]:
    town = Town(browser, server)
    yield town
    for person in town.people:
        person.quiet()
    town.close()
