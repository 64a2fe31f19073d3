"""A mail as it is answered: the body that is quoted, whole, and the HTML that is the whole body."""

import pytest

from connectors.composing.answered import read_answered
from connectors.errors import UnreadableMessage

HEAD = "From: ben@example.net\nTo: ana@example.org\nMessage-ID: <m@x>\nMIME-Version: 1.0\n"
PLAIN = "Content-Type: text/plain; charset=utf-8\n\nHello\n\n> earlier\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n<p>Hello</p>\n"
FILE = 'Content-Type: text/html; name="a.html"\nContent-Disposition: attachment\n\n<p>file</p>\n'
IMAGE = "Content-Type: image/png\nContent-ID: <i>\n\nxx\n"


def _multipart(kind: str, *parts: str) -> str:
    boundary = f"b{len(''.join(parts))}"
    joined = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{joined}--{boundary}--\n"


def test_the_body_holds_what_it_quotes() -> None:
    """What the mail quotes is quoted with it; what was typed is known apart."""
    answered = read_answered((HEAD + PLAIN).encode())
    assert answered.email.text == "Hello"
    assert answered.body.strip() == "Hello\n\n> earlier"


@pytest.mark.parametrize(
    ("body", "has_html"),
    [
        (PLAIN, False),
        (HTML, True),
        (_multipart("alternative", PLAIN, HTML), True),
        (_multipart("mixed", _multipart("alternative", PLAIN, HTML), FILE), True),
        (_multipart("alternative", PLAIN, _multipart("related", HTML, IMAGE)), True),
        (_multipart("mixed", PLAIN, FILE), False),
        (_multipart("mixed", PLAIN, HTML), False),
    ],
    ids=["plain", "html", "both", "with a file", "with pictures", "html file", "html footer"],
)
def test_html_counts_where_it_is_the_whole_body(body: str, has_html: bool) -> None:  # noqa: FBT001
    """A file is none, and a footer that a list server put below is not the mail."""
    assert read_answered((HEAD + body).encode()).html.strip() == ("<p>Hello</p>" if has_html else "")


def test_it_knows_where_the_mail_was_delivered() -> None:
    """That tells which of the owner's addresses a blind copy came to."""
    raw = f"Delivered-To: Office@example.org\nX-Original-To: alias@example.org\n{HEAD}{PLAIN}".encode()
    assert read_answered(raw).delivered_to == ("office@example.org", "alias@example.org")


def test_what_is_no_mail_is_refused() -> None:
    """With the one error that every reader of mail raises."""
    with pytest.raises(UnreadableMessage):
        read_answered(b"")
