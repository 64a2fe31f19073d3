"""Text is decoded under the charset its program meant, whatever name it gave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cleaning.decoding import decode_charset


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("iso-8859-8-i", "iso8859-8", "שלום ענת"),
        ("ISO-8859-8-E", "iso8859-8", "שלום ענת"),
        ("iso-8859-6-i", "iso8859-6", "مرحبا"),
        ("iso-8859-1", "cp1252", "“Grüße” • 5 €"),
        ("iso-8859-9", "cp1254", "İstanbul “şimdi”"),
        ("gb2312", "gb18030", "镕基"),
        ("shift_jis", "cp932", "①高い"),
        ("euc-kr", "cp949", "똠방각하"),
        ("unknown-8bit", "utf-8", "Grüße"),
        ("", "utf-8", "Grüße"),
    ],
)
def test_names_that_mean_another_charset(charset: str, codec: str, text: str) -> None:
    """A wider charset of the same family is tried first, and UTF-8 where the name says nothing."""
    assert decode_charset(text.encode(codec), charset) == text


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_and_names(raw: bytes, charset: str) -> None:
    """Whatever the name, some text comes out, and it can be stored."""
    decode_charset(raw, charset).encode()


@pytest.mark.parametrize("charset", ["u\0tf", "idna", "utf-7", "rot13", "hex", "zlib", "undefined", "mbcs"])
def test_names_that_are_no_charsets(charset: str) -> None:
    """A name of another codec, or none at all, raises nothing."""
    assert decode_charset("Grüße".encode(), charset) == "Grüße"
