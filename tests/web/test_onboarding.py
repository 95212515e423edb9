"""First visits: signing up, a second account in a second window, errors, languages."""

from playwright.sync_api import Page, expect

from tests.web.ui_driver import Harness


def sign_up(page: Page, user: str, name: str) -> None:
    page.get_by_label("User name").fill(user)
    page.get_by_label("Display name").fill(name)
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Messages", exact=True)).to_be_visible()


def test_two_accounts_in_two_windows_open_write_and_close_the_door(harness: Harness) -> None:
    context = harness.context()
    alice = context.new_page()
    alice.goto(harness.server.url)
    sign_up(alice, "alice", "Alice Rossi")

    with context.expect_page() as opened:
        alice.get_by_role("link", name="Use another account").click()
    bob = opened.value
    expect(bob.get_by_role("button", name="Alice Rossi")).to_be_visible()
    bob.get_by_role("button", name="Sign up").click()
    sign_up(bob, "bob", "Bob Bianchi")

    # By default only Alice's followers can message her.
    bob.get_by_role("link", name="New message").first.click()
    bob.get_by_label("Recipient").fill("@alice")
    bob.get_by_role("button", name="Find").click()
    expect(bob.get_by_text("You can’t message Alice Rossi.")).to_be_visible()
    expect(bob.get_by_role("link", name="Message", exact=True)).to_have_count(0)

    alice.get_by_role("link", name="Settings").click()
    alice.get_by_label("Receive direct messages from anyone").click()
    expect(alice.get_by_role("radio", name="Anyone")).to_be_checked()
    expect(alice.get_by_label("Receive direct messages from anyone")).to_be_checked()

    bob.reload()
    bob.get_by_role("link", name="Message", exact=True).click()
    bob.get_by_role("textbox", name="Message Alice Rossi").fill("Permesso?")
    bob.keyboard.press("Enter")
    expect(alice).to_have_title("(1) Bussa")
    alice.get_by_role("link", name="Bob Bianchi").click()
    expect(alice.locator("li.message", has_text="Permesso?")).to_be_visible()

    alice.get_by_role("link", name="Settings").click()
    alice.get_by_label("Receive direct messages from anyone").click()
    expect(alice.get_by_role("radio", name="People who follow you", exact=True)).to_be_checked()
    bob.get_by_role("textbox", name="Message Alice Rossi").fill("Are you there?")
    bob.keyboard.press("Enter")
    expect(bob.get_by_text("Not sent: you can’t message this person.")).to_be_visible()
    expect(bob.get_by_text("You can’t message Alice Rossi at the moment.")).to_be_visible()
    expect(alice.locator("bussa-conversations")).not_to_contain_text("Are you there?")


def test_login_errors_are_shown_next_to_the_form(harness: Harness) -> None:
    harness.server.admin("PUT", "/v1/users/taken", {})
    page = harness.context().new_page()
    page.goto(harness.server.url)
    page.get_by_label("Password").fill("x")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("alert")).to_have_text("A user name has 1 to 64 letters, digits or . _ : -")
    page.get_by_label("User name").fill("taken")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("alert")).to_have_text("That user name is taken. Choose another one.")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("User name")).to_have_value("taken")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong user name or password.")
    page.get_by_label("User name").fill("nobody in particular")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("User name")).to_be_focused()


def test_page_uses_the_language_of_the_browser(harness: Harness) -> None:
    page = harness.context(locale="it-IT").new_page()
    page.goto(harness.server.url)
    expect(page.locator("html")).to_have_attribute("lang", "it")
    page.get_by_label("Nome utente").fill("carla")
    page.get_by_label("Password").fill("apriti sesamo")
    page.get_by_role("button", name="Registrati").click()
    expect(page.get_by_role("heading", name="Messaggi")).to_be_visible()
    page.get_by_role("link", name="Impostazioni").click()
    expect(page.get_by_label("Ricevi messaggi diretti da chiunque")).to_be_visible()
