"""Accounts that money goes to, in a text: of banks by their IBAN, and of bitcoin and ether. Pure.

An IBAN counts where its check digits are right: with wrong ones no bank takes it. Numbers of accounts that are nothing
but digits look like any other number, and are none.
"""

import re
from collections.abc import Iterator

_LENGTHS = {
    country[:2]: int(country[2:])
    for country in """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24
    FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32
    LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24
    RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
    """.split()  # noqa: SIM905  ninety quoted words are harder to read
}
_HEAD = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?=[ \u00a0\u202f.-]?[A-Z0-9])", re.IGNORECASE | re.ASCII)
_REST = re.compile(r"(?:[ \u00a0\u202f.-]?[A-Z0-9]){1,29}", re.IGNORECASE | re.ASCII)
_COIN = re.compile(
    r"(?<!\w)(?:bc1[02-9ac-hj-np-z]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|0x[0-9a-fA-F]{40})(?!\w)", re.ASCII
)


def find_payees(text: str) -> Iterator[tuple[int, int]]:
    """Yield where they begin and end."""
    for head in _HEAD.finditer(text):
        if end := _iban_end(text, head):
            yield head.start(), end
    for match in _COIN.finditer(text):
        yield match.span()


def plain_payee(payee: str) -> str:
    """Return an account in the one form in which its spellings are equal."""
    compact = re.sub(r"[\W_]", "", payee)
    return compact.upper() if _LENGTHS.get(compact[:2].upper()) == len(compact) else compact


def _iban_end(text: str, head: re.Match[str]) -> int:
    """Return where an IBAN ends that begins with this; 0 where it is none."""
    more = _LENGTHS.get(head[0][:2].upper(), 0) - len(head[0])
    found = _REST.match(text, head.end())
    if more < 0 or found is None:
        return 0
    places = [place for place in range(*found.span()) if text[place].isalnum()]
    if len(places) < more or not _is_right(plain_payee(text[head.start() : places[more - 1] + 1])):
        return 0
    return places[more - 1] + 1


def _is_right(iban: str) -> bool:
    """Tell whether the check digits are right, by ISO 13616."""
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1
