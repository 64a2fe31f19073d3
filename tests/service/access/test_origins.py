"""Which pages may ask."""

import pytest

from service.access.origins import check_origin, is_extension, is_own, is_renamed
from service.access.tokens import Access
from service.problems import WrongOrigin

CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://4f1c0a52-9e4c-4a5e-8f0b-1b6a0d6a7c11"
OTHER = "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba"
WEB = "https://evil.example"


@pytest.mark.parametrize("origin", [CHROME, FIREFOX])
def test_extensions_are_known_by_their_form(origin: str) -> None:
    """As Chrome and Firefox write them."""
    assert is_extension(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "", "null", WEB, f"{CHROME}/", f"{CHROME}\n", f" {CHROME}", f"{CHROME}, {WEB}", CHROME.upper(),
        "chrome-extension://abc", "chrome-extension://abcdefghijklmnopabcdefghijklmnoq", f"{FIREFOX}:80",
        "moz-extension://4f1c0a52", "https://chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_is_none(origin: str) -> None:
    """To the letter, from beginning to end."""
    assert not is_extension(origin)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8380", "127.0.0.1:8380"),
        ("http://localhost:8380", "localhost:8380"),
        ("http://[::1]:8380", "[::1]:8380"),
        ("https://mail.example.org", "mail.example.org"),
        ("https://mail.example.org", "mail.example.org:443"),
        ("https://mail.example.org:8380", "mail.example.org:8380"),
        ("https://localhost:8443", "localhost:8443"),
    ],
)
def test_the_consoles_own_origin_is_that_of_the_host(origin: str, host: str) -> None:
    """Directly in plain, or by a name behind a proxy that speaks TLS."""
    assert is_own(origin, host, port=8380)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://127.0.0.1:8380", "127.0.0.1:8380"),
        ("http://localhost:8380", "127.0.0.1:8380"),
        ("http://127.0.0.1:8381", "127.0.0.1:8380"),
        ("http://127.0.0.1", "127.0.0.1:8380"),
        ("http://127.0.0.1:8380/", "127.0.0.1:8380"),
        ("http://127.0.0.1:8380@evil.example", "127.0.0.1:8380"),
        ("http://evil.example#127.0.0.1:8380", "127.0.0.1:8380"),
        ("http://127.0.0.1:8380, http://evil.example", "127.0.0.1:8380"),
        ("http://mail.example.org", "mail.example.org:443"),
        ("ftp://127.0.0.1:8380", "127.0.0.1:8380"),
        (CHROME, "127.0.0.1:8380"),
        ("null", "127.0.0.1:8380"),
        ("null", "null"),
        ("http://", ""),
        ("", ""),
    ],
)
def test_nearly_the_own_origin_is_another(origin: str, host: str) -> None:
    """Scheme, name and port: all three."""
    assert not is_own(origin, host, port=8380)


@pytest.mark.parametrize(
    ("origin", "fetched_from", "seems_so"),
    [
        ("https://mail.example.org", "same-origin", True),
        ("https://mail.example.org:8443", "", True),
        ("http://localhost:8381", "cross-site", True),
        (WEB, "same-origin", True),
        (WEB, "cross-site", False),
        (WEB, "", False),
        (CHROME, "same-origin", False),
        ("null", "same-origin", False),
        ("http://", "same-origin", False),
        ("", "", False),
    ],
)
def test_the_console_behind_a_proxy_is_told_apart(origin: str, fetched_from: str, *, seems_so: bool) -> None:
    """By what the browser says, or by a name that is ours on another port."""
    assert is_renamed(origin, fetched_from, ["127.0.0.1", "localhost", "mail.example.org:443"]) is seems_so


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "PUT"])
def test_a_bound_token_is_good_for_its_own_origin_alone(method: str) -> None:
    """Neither another extension nor the console nor a page may show it."""
    access = Access(account="ana", token_id="x", origin=CHROME)
    check_origin(access, CHROME, is_console=False, method=method)
    for origin, is_console in [(OTHER, False), (FIREFOX, False), (WEB, False), ("null", False), ("", False)]:
        with pytest.raises(WrongOrigin):
            check_origin(access, origin, is_console=is_console, method=method)
    with pytest.raises(WrongOrigin):
        check_origin(access, "http://127.0.0.1:8380", is_console=True, method=method)


def test_a_bound_token_without_an_origin_only_reads() -> None:
    """Browsers leave it out where an extension only reads; a program that has the token gets no draft with it."""
    access = Access(account="ana", token_id="x", origin=CHROME)
    for method in ("GET", "HEAD"):
        check_origin(access, None, is_console=False, method=method)
    for method in ("POST", "DELETE", "PUT", "PATCH", "get"):
        with pytest.raises(WrongOrigin):
            check_origin(access, None, is_console=False, method=method)


def test_a_token_that_is_not_bound_is_for_console_and_programs() -> None:
    """No extension may show it, paired or not."""
    access = Access(account="ana", token_id="x")
    check_origin(access, None, is_console=False, method="POST")
    check_origin(access, "http://127.0.0.1:8380", is_console=True, method="POST")
    for origin in (CHROME, WEB, "null", ""):
        with pytest.raises(WrongOrigin):
            check_origin(access, origin, is_console=False, method="GET")
