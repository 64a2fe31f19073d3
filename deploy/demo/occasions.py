"""Reasons to write: from an occasion, its moves and some facts to a mail and the instruction that asks for it."""

import random
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.demo.people import FEMALE_NAMES, MALE_NAMES, Person
from deploy.demo.voices import Voice

LANGUAGES = ("en", "de", "fr")
SLOT = re.compile(r"\{(?!who\}|they\})(\w+)\}")
"""A fact's place in a phrase. `{who}` and `{they}` are no facts: they stand for the recipient."""
SlotFiller = Callable[["Phrasebook", random.Random], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing said: how it is asked for, and how each kind of writer says it."""

    notes: tuple[str, ...]
    said: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A reason to write."""

    name: str
    subjects: tuple[str, ...]
    heard: tuple[str, ...]
    moves: tuple[str, ...]
    more: tuple[str, ...]
    auto: bool = False
    """The mail follows from what was heard, without an instruction."""
    reply: bool = False
    """It makes sense only as an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasebook:
    """What can be said in one language."""

    language: str
    slots: Mapping[str, tuple[str, ...]]
    moves: Mapping[str, Move]
    occasions: tuple[Occasion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail, what came before it and what its owner would have typed to get it."""

    language: str
    occasion: Occasion
    to: tuple[Person, ...]
    subject: str
    heard: str
    instruction: str
    text: str


@cache
def phrasebook(language: str) -> Phrasebook:
    """Read the phrases of a language."""
    raw = tomllib.loads((Path(__file__).parent / "phrases" / f"{language}.toml").read_text(encoding="utf-8"))
    moves = {
        name: Move(
            notes=tuple(move["note"]),
            said={kind: tuple(said) for kind, said in move.items() if kind != "note"},
        )
        for name, move in raw["move"].items()
    }
    occasions = tuple(
        Occasion(
            name=entry["name"],
            subjects=tuple(entry["subject"]),
            heard=tuple(entry["heard"]),
            moves=tuple(entry["moves"]),
            more=tuple(entry["more"]),
            auto=entry.get("auto", False),
            reply=entry.get("reply", False) or entry.get("auto", False),
        )
        for entry in raw["occasion"]
    )
    slots = {name: tuple(values) for name, values in raw["slots"].items()}
    return Phrasebook(language=language, slots=slots, moves=moves, occasions=occasions)


def listed_slots(book: Phrasebook, rng: random.Random) -> dict[str, str]:
    """Facts for one mail, from the phrasebook's lists. Where a fact comes twice, the two differ."""
    facts = {name: rng.choice(values) for name, values in book.slots.items()}
    facts["day2"] = rng.choice([day for day in book.slots["day"] if day != facts["day"]])
    facts["time2"] = rng.choice([time for time in book.slots["time"] if time != facts["time"]])
    facts["ref"] = str(rng.randint(1000, 4999))
    facts["person"] = rng.choice(FEMALE_NAMES + MALE_NAMES)
    return facts


def compose(
    book: Phrasebook,
    *,
    voice: Voice,
    owner: Person,
    to: Sequence[Person],
    rng: random.Random,
    occasion: Occasion | None = None,
    fill: SlotFiller = listed_slots,
    others: Sequence[str] = (),
) -> Letter:
    """Write a mail. `others` names moves that may come besides those of the occasion."""
    occasion = occasion or rng.choice(book.occasions)
    facts = fill(book, rng)
    heard = rng.choice(occasion.heard)
    pairs = [_say(book.moves[name], voice, rng) for name in _choose_moves(occasion, others, rng)]
    said = [_sentence(text.format(**facts)) for _, text in pairs]
    notes = [note for note, _ in pairs]
    return Letter(
        language=book.language,
        occasion=occasion,
        to=tuple(to),
        subject=_sentence(rng.choice(occasion.subjects).format(**facts)),
        heard=_sentence(heard.format(**facts)),
        instruction=_instruction(notes, facts, to, book.language, rng),
        text=voice.write(said, to=to, owner=owner, language=book.language, rng=rng),
    )


def answer(
    book: Phrasebook,
    *,
    voice: Voice,
    owner: Person,
    sender: Person,
    rng: random.Random,
    fill: SlotFiller = listed_slots,
) -> Letter:
    """Write an answer that follows from the mail it answers alone: its instruction is empty."""
    while True:
        occasion = rng.choice([occasion for occasion in book.occasions if occasion.auto])
        heard = rng.choice(occasion.heard)
        known = set(SLOT.findall(heard))
        texts = [text for text in book.moves[occasion.moves[0]].said[voice.phrases] if set(SLOT.findall(text)) <= known]
        if texts:
            break
    fullest = max(len(set(SLOT.findall(text))) for text in texts)
    facts = fill(book, rng)
    text = next(text for text in texts if len(set(SLOT.findall(text))) == fullest).format(**facts)
    return Letter(
        language=book.language,
        occasion=occasion,
        to=(sender,),
        subject=_sentence(rng.choice(occasion.subjects).format(**facts)),
        heard=_sentence(heard.format(**facts)),
        instruction="",
        text=voice.write([_sentence(text)], to=(sender,), owner=owner, language=book.language, rng=rng),
    )


def _choose_moves(occasion: Occasion, others: Sequence[str], rng: random.Random) -> list[str]:
    pool = [name for name in dict.fromkeys((*occasion.more, *others)) if name not in occasion.moves]
    count = min(len(pool), rng.choice((0, 0, 1, 1, 1, 2, 2, 3)))
    chosen = rng.sample(pool, count)
    first = [name for name in chosen if name.startswith("sorry_late")]
    return [*first, *occasion.moves, *(name for name in chosen if name not in first)]


def _say(move: Move, voice: Voice, rng: random.Random) -> tuple[str, str]:
    """A note and a phrase that carry the same facts: the phrase beside it, or another where the voice has fewer."""
    index = rng.randrange(len(move.notes))
    facts = set(SLOT.findall(move.notes[index]))
    said = move.said[voice.phrases]
    beside = [text for text in said[index : index + 1] if set(SLOT.findall(text)) == facts]
    return move.notes[index], rng.choice(beside or [text for text in said if set(SLOT.findall(text)) == facts])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].replace(" on next ", " next ")


_TELL = re.compile(r"^(tell \{who\}|let \{who\} know|say)( that)? (?=the |invoice |I |we |it |\{)")
_ASK_TO = re.compile(r"^ask \{who\} to ")
_ASK_FOR = re.compile(r"^ask( \{who\})? for ")


def _vary(note: str, rng: random.Random) -> str:
    """Say an English note in other words."""
    tell = ("tell {who} ", "tell {who} that ", "let {who} know ", "say that ", "say ", "write {who} that ", "")
    note = _TELL.sub(lambda _: rng.choice(tell), note)
    note = _ASK_TO.sub(lambda _: rng.choice(("ask {who} to ", "please ask {who} to ", "get {who} to ")), note)
    return _ASK_FOR.sub(lambda _: rng.choice(("ask {who} for ", "ask for ", "request ")), note)


def _instruction(
    notes: Sequence[str], facts: Mapping[str, str], to: Sequence[Person], language: str, rng: random.Random
) -> str:
    joint = rng.choice((", ", ". ", "; ", {"en": " and ", "de": " und ", "fr": " et "}[language]))
    parts: list[str] = []
    is_named = False
    for note in notes:
        template = _vary(note, rng) if language == "en" else note
        who, they = _who(to, language, again=is_named)
        is_named |= "{who}" in template or "{they}" in template
        part = template.format(who=who, they=they, **facts)
        parts.append(_sentence(part) if joint == ". " else part)
    text = joint.join(parts).replace("?;", ";").replace("?,", ",").replace("?. ", "? ").replace(" on next ", " next ")
    if rng.random() < 0.5:
        text = _sentence(text)
    return text + "." if rng.random() < 0.4 and text[-1] not in "?!" else text


def _who(to: Sequence[Person], language: str, *, again: bool) -> tuple[str, str]:
    """Give the words for the recipients, as object and as subject."""
    if not to:
        return {"en": ("them", "they"), "de": ("ihnen", "sie"), "fr": ("eux", "ils")}[language]
    if again and language == "en":
        return ("them", "they") if len(to) > 1 else (("her", "she") if to[0].female else ("him", "he"))
    names = {"en": " and ", "de": " und ", "fr": " et "}[language].join(person.first for person in to)
    return names, names
