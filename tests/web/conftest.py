from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.missing_programs import CHROMIUM
from tests.web.ui_driver import FLAGS, Harness, Server

# Slow machines must not fail a test.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    # One browser per module: Playwright's event loop excludes tests with one of their own.
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
def harness(browser: Browser, server: Server) -> Iterator[Harness]:
    harness = Harness(browser, server)
    yield harness
    for person in harness.pages:
        person.expect_no_errors()
    harness.close()
