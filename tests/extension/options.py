"""The options page, used as a person uses it."""

from playwright.sync_api import Page, expect

from tests.extension.chromium import Chromium
from tests.extension.services import Service


def open_options(browser: Chromium) -> Page:
    """Open the options in a tab."""
    page = browser.page(browser.own("options.html"))
    page.locator("#service:visible, #pairing:visible").first.wait_for()
    return page


def pair(browser: Chromium, service: Service) -> None:
    """Pair the extension with a service by a code."""
    page = open_options(browser)
    fill_in(page, service.url, service.make_code())
    expect(page.locator("#accounts")).to_contain_text("Ana Lopez")
    expect(page.locator("#said")).to_have_attribute("data-kind", "good")
    page.close()


def fill_in(page: Page, url: str, code: str) -> None:
    """Type address and code, and ask to be paired; a browser that is paired is paired again."""
    page.locator("#service:visible, #pairing:visible").first.wait_for()
    if not page.locator("#form").is_visible():
        page.locator("#again").click()
    page.locator("#url").fill(url)
    page.locator("#code").fill(code)
    page.locator("#pair").click()
