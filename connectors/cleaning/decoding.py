"""Bytes of mail to text, under charsets that are wrong or missing too. Nothing here raises."""

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b]")

# Names under which these charsets (or nothing at all) are declared while the bytes are UTF-8 or Windows-1252.
_WESTERN = frozenset(
    {"", "ascii", "us-ascii", "utf-8", "utf8", "iso-8859-1", "latin1", "latin-1", "cp1252", "windows-1252"}
)
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "iso-8859-6-i": "iso8859_6",
    "iso-8859-6-e": "iso8859_6",
    "iso-8859-8": "cp1255",
    "iso-8859-8-i": "cp1255",
    "iso-8859-8-e": "cp1255",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode-1-1-utf-7": "utf-7",
}
"""What is sent under these names: the wider charset of the same family (the Encoding Standard of WHATWG, 4.2)."""
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape"})
_STATEFUL = ("utf-7", "utf7", "unicode-1-1-utf-7", "iso-2022", "iso2022", "hz", "utf-16", "utf-32")


def decode_base64(raw: bytes) -> bytes:
    """Decode what can be decoded, whatever is missing at the end."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", raw)
        if len(clean) % 4 == 1:  # six bits make no byte
            clean = clean[:-1]
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def decode_charset(raw: bytes, charset: str) -> str:
    """Decode text under the charset declared, or under the likelier one where that is wrong, missing or unknown."""
    name = charset.strip().strip("\"'").lower()
    if raw.isascii() and not name.startswith(_STATEFUL):
        return clean(raw.decode("ascii"))
    if name in _WESTERN or name in _NOT_CHARSETS:
        candidates = ["utf-8", "cp1252"]
    else:
        candidates = [_SUPERSETS.get(name, name), "utf-8", "cp1252"]
    for candidate in candidates:
        try:
            return clean(raw.decode(candidate))
        except (LookupError, ValueError):
            continue
    return clean(raw.decode("cp1252", "replace"))


def clean(text: str) -> str:
    """Drop what databases and models choke on: control characters, zero-width space, halves of surrogate pairs."""
    if text.isprintable():
        return text
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", text)
