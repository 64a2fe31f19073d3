"""Searching for ids that other people made up."""

from connectors.imap.search import by_id


def test_an_id_without_end_makes_no_command_without_end() -> None:
    """Servers hang up over a line that is too long, and the mail would stop all that comes after it."""
    search = by_id("m" * 100_000 + "@x", "IN-REPLY-TO", "REFERENCES")
    assert sum(map(len, search)) < 1000
    assert by_id("m1@x", "MESSAGE-ID") == ["HEADER", "MESSAGE-ID", "m1@x"]


def test_what_needs_quoting_is_left_out_of_the_search() -> None:
    """Whoever asked compares the whole id; one of nothing else is not looked for."""
    assert by_id('"a\r\nb c" 17@x', "MESSAGE-ID") == ["HEADER", "MESSAGE-ID", "17@x"]
    assert by_id('"\\"', "MESSAGE-ID") == []
