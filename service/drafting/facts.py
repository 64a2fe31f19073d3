"""Facts in a draft that trace to nothing its reader may know. Pure; a first cut that would rather mark than miss.

The rules this module keeps:
1. A number, date, time, amount or name of a person is supported by what the reader knows: the thread, what the owner
   asked for, the subject, the people of the mail, the owner, or a mail that went to everybody who gets this one.
   Whatever a mail to somebody else says does not count.
2. A link, a mail address or an account for payments can harm whoever trusts it, so received mail does not support it,
   however it got there: it traces to what the owner asked for, to their own mail, or is the address of somebody who
   gets this mail. Nor does a message that only says to be the owner's, since anybody can write a sender; nor any
   subject, which is whoever's who wrote first, or the page's whose link opened the mail. The bare domain of what is
   supported may be named. A phone number is data like other numbers: to repeat the other side's is usual.
3. A draft that is changed is no evidence for what stands in it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from retrieval.prompt import Request, Source
from service.drafting.dates import find_dates, find_times
from service.drafting.endings import Likeness, hosts_in, undisguised
from service.drafting.links import find_addresses, find_domains, find_links, is_domain, plain_link
from service.drafting.names import find_names
from service.drafting.payees import find_payees, plain_payee


class FactKind(StrEnum):
    """What sort of fact it is."""

    LINK = "link"
    EMAIL = "email"
    ACCOUNT = "account"
    """What money can be sent to: an IBAN, an address of bitcoin or ether."""
    DATE = "date"
    TIME = "time"
    AMOUNT = "amount"
    NUMBER = "number"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact in a draft: `text` is what stands from `start` to `end`, counted in characters."""

    kind: FactKind
    text: str
    start: int
    end: int
    is_doubtful: bool = False
    """Whether it only looks like a link, by a short word ("ok.it") that no mail the draft answers says."""

    @property
    def is_left_out(self) -> bool:
        """Whether it goes into no mail unless its owner says so: it leads somewhere, for aught its reader knows."""
        return self.kind in _HARMFUL and not self.is_doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A fact with the forms of which any one in the evidence supports it."""

    fact: Fact
    forms: frozenset[str] = field(default_factory=frozenset)


_HARMFUL = frozenset({FactKind.LINK, FactKind.EMAIL, FactKind.ACCOUNT})
_DIGITS = r"\d+(?:[.,'\u2019\u00a0\u202f]\d+)*"
_GROUPS = r"(?<!\d)(?<!\d[.,'\u2019\u00a0\u202f])\d++(?:[.,'\u2019\u00a0\u202f]\d++)*+"
"""The same where what follows may be missing: it is read once, and never again from its middle."""
_MONEY = r"[€$£¥]|\b(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?|francs?|Franken)\b"
_AMOUNT = re.compile(rf"(?:(?:{_MONEY})\s?{_DIGITS}|{_GROUPS}\s?(?:{_MONEY}|%))", re.IGNORECASE)
_NUMBER = re.compile(rf"(?<![\w.,]){_DIGITS}")
_LIST_MARK = re.compile(r"^[ \t]*\d{1,2}[.)][ \t]", re.MULTILINE)


def find_unsupported(text: str, request: Request, sources: Sequence[Source]) -> tuple[Fact, ...]:
    """Return the facts of a draft that trace to nothing its reader may know, in the order of the text."""
    shared = _shared(request, sources)
    own, others = _own(request, shared), _received(request, shared)
    said = _said([*others, *map(undisguised, others)])
    trusted, hosts = _forms(own, said), _hosts(own)
    known = trusted | _forms(others, said)
    claims = list(_claims(text, said))
    found: list[Fact] = []
    for claim in claims:
        is_named = claim.fact.kind is FactKind.LINK and is_domain(claim.fact.text) and bool(claim.forms & hosts)
        if is_named or claim.forms & (trusted if claim.fact.kind in _HARMFUL else known):
            continue
        found.append(claim.fact)
    return tuple(sorted([*found, *_new_names(text, request.language, claims, [*own, *others])], key=_place))


def _new_names(text: str, language: str, claims: Sequence[_Claim], passages: Sequence[str]) -> Iterator[Fact]:
    """Yield the names that no passage has, but for such as are part of something else."""
    words = frozenset(word for passage in passages for word in re.findall(r"\w+", passage.casefold()))
    for start, end in find_names(text, language):
        name = Fact(kind=FactKind.NAME, text=text[start:end], start=start, end=end)
        is_part = any(start < claim.fact.end and claim.fact.start < end for claim in claims)
        if not is_part and not words.issuperset(re.findall(r"\w+", name.text.casefold())):
            yield name


def _place(fact: Fact) -> int:
    return fact.start


def _hosts(passages: Sequence[str]) -> frozenset[str]:
    return frozenset().union(*map(hosts_in, passages))


def _said(passages: Sequence[str]) -> frozenset[str]:
    """Return what passages say that may be a host, or an address, however unlikely."""
    addresses = (text[start:end].lower() for text in passages for start, end, _ in find_addresses(text))
    return _hosts(passages).union(addresses)


def _forms(passages: Sequence[str], said: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(claim.forms for passage in passages for claim in _claims(passage, said)))


def _shared(request: Request, sources: Sequence[Source]) -> list[Source]:
    """Return the sources that everybody who gets the mail got too."""
    readers = {person.addr for person in request.recipients or [message.sender for message in request.thread]}
    return [source for source in sources if readers and readers <= {person.addr for person in source.recipients}]


def _own(request: Request, shared: Sequence[Source]) -> list[str]:
    """Return the passages that are the owner's own, as far as the reader may know them."""
    return [
        request.instruction,
        *request.earlier,
        *(person.addr for person in (request.owner, *request.recipients)),
        *(message.text for message in request.thread if message.is_own),
        *(source.text for source in shared),
    ]


def _received(request: Request, shared: Sequence[Source]) -> list[str]:
    """Return the passages that others may have written."""
    people = [request.owner, *request.recipients, *(message.sender for message in request.thread)]
    return [
        request.subject,
        *(f"{person.name} {person.addr}" for person in people),
        *(message.text for message in request.thread),
        *(source.subject for source in shared),
    ]


def _claims(text: str, said: frozenset[str]) -> Iterator[_Claim]:
    """Yield the facts of a text. A passage counts once, as the most telling kind: a link's digits are no number.

    Args:
        text: What to look at.
        said: The hosts that received mail says: what else would hardly be a link is one where it is among them.
    """
    is_taken = bytearray(len(text))
    for match in _LIST_MARK.finditer(text):
        is_taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    for kind, start, end, forms, likeness in [*_leading(text), *_telling(text)]:
        is_said = not said.isdisjoint(forms)
        if any(is_taken[start:end]) or (likeness is Likeness.UNLIKELY and not is_said):
            continue
        is_taken[start:end] = b"\1" * (end - start)
        is_doubtful = likeness is Likeness.DOUBTFUL and not is_said
        fact = Fact(kind=kind, text=text[start:end], start=start, end=end, is_doubtful=is_doubtful)
        yield _Claim(fact=fact, forms=forms)


_Candidate = tuple[FactKind, int, int, frozenset[str], Likeness]


def _leading(text: str) -> Iterator[_Candidate]:
    """Yield what leads somewhere, as it seems, most telling kind first."""
    for start, end in find_links(text):
        yield FactKind.LINK, start, end, frozenset({plain_link(text[start:end])}), Likeness.SURE
    for start, end, likeness in find_addresses(text):
        yield FactKind.EMAIL, start, end, frozenset({text[start:end].lower()}), likeness
    for start, end, likeness in find_domains(text):
        yield FactKind.LINK, start, end, frozenset({plain_link(text[start:end])}), likeness
    for start, end in find_payees(text):
        yield FactKind.ACCOUNT, start, end, frozenset({plain_payee(text[start:end])}), Likeness.SURE


def _telling(text: str) -> Iterator[_Candidate]:
    """Yield what looks like any other fact, most telling kind first."""
    for match in _AMOUNT.finditer(text):
        yield FactKind.AMOUNT, *match.span(), _values(match[0]), Likeness.SURE
    for date in find_dates(text):
        yield FactKind.DATE, date.start, date.end, date.readings, Likeness.SURE
    for time in find_times(text):
        yield FactKind.TIME, time.start, time.end, time.readings, Likeness.SURE
    for match in _NUMBER.finditer(text):
        yield FactKind.NUMBER, *match.span(), _values(match[0]), Likeness.SURE


def _values(text: str) -> frozenset[str]:
    """Return the number in a text, in one form for 1,200.50 and 1.200,50 and 1200.5; both where it is not clear."""
    digits = re.search(_DIGITS, text)
    assert digits, "amounts and numbers are matched by their digits"
    plain = re.sub(r"['\u2019\u00a0\u202f]", "", digits[0])
    whole = re.sub(r"[.,]", "", plain)
    cut = max(plain.rfind("."), plain.rfind(","))
    if cut < 0:
        return frozenset({whole.lstrip("0") or "0"})
    fraction = plain[cut + 1 :]
    head = re.sub(r"[.,]", "", plain[:cut]).lstrip("0") or "0"
    decimal = f"{head}.{fraction.rstrip('0')}".rstrip(".")
    is_group = len(fraction) == 3  # noqa: PLR2004  digits in a group of thousands
    return frozenset({decimal, whole.lstrip("0") or "0"} if is_group else {decimal})
