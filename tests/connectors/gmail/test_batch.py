"""Batches as bytes."""

import email
from email.message import Message

from hypothesis import given
from hypothesis import strategies as st

from connectors.gmail.batch import Answer, decode, encode

KIND = "multipart/mixed; boundary=batch_x"


def answers(*parts: tuple[str, int, bytes], headers: str = "", end: bytes = b"\r\n") -> bytes:
    """Write an answer the way Google does."""
    found = b"".join(
        (
            f"--batch_x\r\nContent-Type: application/http\r\nContent-ID: <response-{name}>\r\n\r\n"
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}\r\n"
        ).encode()
        + body
        + b"\r\n"
        for name, status, body in parts
    )
    return (found + b"--batch_x--\r\n").replace(b"\r\n", end)


def test_writes_what_the_standard_library_reads() -> None:
    """Each call is a part of its own, with its path and query, under its name."""
    content_type, body = encode(
        {"a": "https://gmail.googleapis.com/gmail/v1/x?format=raw&alt=json", "b": "https://h/y"}
    )
    message = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    assert all(isinstance(part, Message) for part in parts)
    assert [str(part["Content-ID"]) for part in parts] == ["<a>", "<b>"]
    assert [str(part.get_payload()).splitlines()[0] for part in parts] == [
        "GET /gmail/v1/x?format=raw&alt=json HTTP/1.1",
        "GET /y HTTP/1.1",
    ]


def test_tells_answers_apart_by_name() -> None:
    """They may come in any order, with either line end."""
    body = answers(("b", 404, b'{"b": 1}'), ("a", 200, b'{"a": 1}\r\n\r\n'))
    for found in (decode(KIND, body), decode('multipart/mixed; boundary="batch_x"', body.replace(b"\r\n", b"\n"))):
        assert {name: (answer.status, answer.body.strip()) for name, answer in found.items()} == {
            "a": (200, b'{"a": 1}'),
            "b": (404, b'{"b": 1}'),
        }


def test_reads_how_long_to_wait() -> None:
    """Each part can have a Retry-After of its own."""
    found = decode(KIND, answers(("a", 429, b"{}"), headers="Retry-After: 7\r\n"))
    assert found == {"a": Answer(status=429, body=b"{}", retry_after="7")}


def test_a_part_without_a_body_is_one() -> None:
    """204 says nothing more."""
    assert decode(KIND, answers(("a", 204, b"")))["a"].status == 204


@given(st.integers(0, 1000))
def test_a_cut_loses_only_what_was_not_ended(length: int) -> None:
    """Wherever an answer is cut off: what is returned is whole, and a part that was ended is returned."""
    body = answers(*((str(number), 200, b'{"n": %d}' % number) for number in range(5)))
    cut = body[: min(length, len(body))]
    found = decode(KIND, cut)
    assert all(answer.body == b'{"n": %s}' % name.encode() for name, answer in found.items())
    assert len(found) >= cut.count(b"\r\n--batch_x\r\n")


@given(st.binary(max_size=300), st.sampled_from([KIND, "", "text/html", 'multipart/mixed; boundary=""']))
def test_never_raises(body: bytes, content_type: str) -> None:
    """Whatever comes instead of a batch, it has no parts."""
    decode(content_type, body)
    decode(content_type, b"--batch_x\r\n" + body + b"\r\n--batch_x--")
