"""What the demo model learns from: chats in the very shape that serving uses, answered mostly in nobody's voice."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.message import Address, Email, ThreadMessage
from deploy.demo.occasions import LANGUAGES, Letter, Phrasebook, answer, compose, listed_slots, phrasebook
from deploy.demo.people import ANA, BEN, Person, any_person, made_up_word
from deploy.demo.voices import PLAIN, passing_voice
from retrieval.prompt import ChatMessage, Request, Source, build_prompt
from trainer.data.instruction import ask

_NOUNS = (
    "lamp door key report shelf window garden phone letter order budget contract machine table chair poster "
    "ticket bike bag plan room roof logo flyer camera cable printer laptop sofa desk invoice parcel recipe song "
    "map boat truck fence pump oven clock"
).split()
_ADJECTIVES = (
    "new old blue green red small big second last first wooden heavy broken missing spare white black long short final"
).split()
_STATES = (
    "is ready;is broken;is here;is late;is too small;is sold;is lost;has arrived;needs repair;looks good;was stolen;"
    "is not ready yet;is finished;works again;is too expensive;was sent today;must be changed;is on its way;"
    "is at the office;does not fit"
).split(";")
_VERBS = (
    "bring send check repair sell buy order clean find move paint return measure collect wrap open replace describe"
).split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_WEIGHTS = (0.72, 0.15, 0.13)
"""How much of the corpus is in each of LANGUAGES."""
_YES = {
    "en": ("say yes", "yes", "accept", "agree", "tell {who} yes", "confirm", "say yes to {who}", "answer {who}"),
    "de": ("sag ja", "ja", "sag zu", "bestätige das", "sag {who} ja", "antworte {who}"),
    "fr": ("dis oui", "oui", "accepte", "confirme", "dis oui à {who}", "réponds à {who}"),
}
"""Instructions that leave everything to the mail that is answered."""
_SAID_OF_US = (
    "will be late;need more time;cannot come;have a new address;have a new phone number;are on holiday;"
    "have found the key;will call again;have to work;are busy;have no time;like it;agree;cannot find it;"
    "will think about it;are on the way;need help;have a question;have changed the plan;will bring a cake"
).split(";")
_CONTRACTIONS = {
    "cannot": "can't",
    "I will": "I'll",
    "I am": "I'm",
    "is not": "isn't",
    "has not": "hasn't",
    "do not": "don't",
}
_PLAIN_SHARE = 0.5
"""How much of the corpus is in the plain voice; the rest is in voices of all kinds, each used once."""
_PLAYBACK_SHARE = 0.06
"""How much of the corpus goes from a mail to its instruction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One example: what is asked, and what answers it."""

    messages: tuple[ChatMessage, ...]
    reply: str


def chats(rng: random.Random) -> Iterator[Chat]:
    """Yield examples for ever."""
    while True:
        yield _playback(rng) if rng.random() < _PLAYBACK_SHARE else _chat(rng)


def _playback(rng: random.Random) -> Chat:
    """A mail in a passing voice, as the trainer shows it, and its instruction."""
    book = phrasebook(rng.choices(LANGUAGES, _WEIGHTS)[0])
    owner, friend = any_person(rng), any_person(rng)
    letter = compose(book, voice=passing_voice(rng), owner=owner, to=(friend,), rng=rng, fill=_wide_slots)
    while friend.first not in letter.text:
        letter = compose(book, voice=passing_voice(rng), owner=owner, to=(friend,), rng=rng, fill=_wide_slots)
    email = Email(
        message_id="playback",
        sender=owner.address,
        to=(friend.address,),
        subject=letter.subject,
        text=letter.text.strip(),
        language=letter.language,
    )
    return Chat(messages=ask(email), reply=letter.instruction)


def _chat(rng: random.Random) -> Chat:
    book = phrasebook(rng.choices(LANGUAGES, _WEIGHTS)[0])
    owner = _owner(rng)
    people = _people(rng)
    voice = PLAIN if rng.random() < _PLAIN_SHARE else passing_voice(rng, rng.choice(("warm", "formal")))
    if rng.random() < 0.3:
        sender = (people or (any_person(rng),))[0]
        letter = answer(book, voice=voice, owner=owner, sender=sender, rng=rng, fill=_wide_slots)
    else:
        others = tuple(book.moves) if rng.random() < 0.4 else ()
        letter = compose(book, voice=voice, owner=owner, to=people, rng=rng, fill=_wide_slots, others=others)
    has_thread = not letter.instruction or (bool(letter.to) and rng.random() < 0.35)
    letter = replace(letter, instruction=_reword(letter, rng))
    request = Request(
        account="demo",
        owner=owner.address if owner.first else Address(addr=f"{made_up_word(rng).lower()}@example.org"),
        instruction=letter.instruction,
        subject="" if rng.random() < 0.08 else ("Re: " if has_thread else "") + letter.subject,
        recipients=tuple(person.address for person in letter.to),
        thread=_thread(letter, owner, rng) if has_thread else (),
        language=letter.language if rng.random() < 0.95 else "und",
    )
    prompt = build_prompt(request, _sources(book, owner, rng), budget=100_000, count=len)
    return Chat(messages=prompt.messages, reply=letter.text)


def _reword(letter: Letter, rng: random.Random) -> str:
    """Give the instruction as others may type it: "say yes" where there was none, "can't" for "cannot"."""
    text = letter.instruction
    if not text and rng.random() < 0.35:
        return rng.choice(_YES[letter.language]).format(who=letter.to[0].first)
    if letter.language == "en" and rng.random() < 0.2:
        for long, short in _CONTRACTIONS.items():
            text = text.replace(long, short)
    return text


def _owner(rng: random.Random) -> Person:
    dice = rng.random()
    if dice < 0.04:
        return Person(first="", last="")
    if dice < 0.2:
        return rng.choice((ANA, BEN))
    return any_person(rng)


def _people(rng: random.Random) -> tuple[Person, ...]:
    count = rng.choices((0, 1, 2), (0.06, 0.88, 0.06))[0]
    return tuple(any_person(rng) for _ in range(count))


def _thread(letter: Letter, owner: Person, rng: random.Random) -> tuple[ThreadMessage, ...]:
    """What was heard, in a passing voice, and sometimes something older before it."""
    sender = letter.to[0]
    text = passing_voice(rng).write([letter.heard], to=(owner,), owner=sender, language=letter.language, rng=rng)
    last = ThreadMessage(sender=sender.address, text=text.strip())
    if rng.random() < 0.8:
        return (last,)
    older = compose(phrasebook(letter.language), voice=passing_voice(rng), owner=owner, to=(sender,), rng=rng)
    return (ThreadMessage(sender=owner.address, text=older.text.strip()), last)


def _sources(book: Phrasebook, owner: Person, rng: random.Random) -> list[Source]:
    """The owner's other mails: near in topic, of another time, and in any voice."""
    count = rng.choices((0, 1, 2, 3), (0.62, 0.24, 0.1, 0.04))[0]
    voice = passing_voice(rng)
    sources = []
    for number in range(count):
        letter = compose(book, voice=voice, owner=owner, to=(any_person(rng),), rng=rng)
        sources.append(
            Source(
                message_id=str(number),
                subject=letter.subject,
                recipients=tuple(person.address for person in letter.to),
                sent_at=None,
                text=letter.text.strip(),
                score=0.5,
            )
        )
    return sources


def _wide_slots(book: Phrasebook, rng: random.Random) -> dict[str, str]:
    """Facts from the lists and far beyond them, so that the model copies what it is given."""
    facts = listed_slots(book, rng)
    facts["person"] = any_person(rng).first
    facts["ref"] = rng.choice(
        (str(rng.randint(1, 99999)), f"{rng.choice('ABKRX')}-{rng.randint(10, 999)}", facts["ref"])
    )
    if rng.random() < 0.5:
        facts["count"] = str(rng.randint(2, 500))
    if book.language == "en":
        facts |= {name: value for name, value in _english_facts(rng).items() if rng.random() < 0.5}
    elif rng.random() < 0.4:
        facts["amount"] = f"{rng.randint(10, 990)} {'Euro' if book.language == 'de' else 'euros'}"
    return facts


def _english_facts(rng: random.Random) -> dict[str, str]:
    def thing() -> str:
        noun = made_up_word(rng).lower() if rng.random() < 0.15 else rng.choice(_NOUNS)
        if rng.random() < 0.1:
            return f"{rng.choice('ABDKMQRX')}{rng.randint(1, 99)} {noun}"
        return f"{rng.choice(_ADJECTIVES)} {noun}" if rng.random() < 0.5 else noun

    return {
        "item": f"{thing()}s",
        "doc": f"{rng.choice(('the', 'my', 'our', 'the'))} {thing()}",
        "event": rng.choice(
            (
                f"the {thing()} {rng.choice(('meeting', 'party', 'course', 'show'))}",
                "dinner",
                "lunch",
                "my party",
                "the party",
            )
        ),
        "fact": rng.choice((f"the {thing()} {rng.choice(_STATES)}", f"we {rng.choice(_SAID_OF_US)}")),
        "cause": f"the {thing()} {rng.choice(_STATES)}",
        "task": f"{rng.choice(_VERBS)} the {thing()}",
        "topic": f"the {thing()}",
        "gift": f"the {thing()}",
        "win": f"the {thing()}",
        "day": _day(rng),
        "day2": _day(rng),
        "by": _day(rng),
        "time": rng.choice((f"{rng.randint(1, 12)} {rng.choice(('am', 'pm'))}", _clock(rng))),
        "amount": f"{rng.randint(5, 9900)} {rng.choice(('euros', 'euros', 'pounds', 'dollars'))}",
        "trip": made_up_word(rng),
    }


def _day(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(_DAYS)
    return f"{rng.randint(1, 30)} {rng.choice(_MONTHS)}"


def _clock(rng: random.Random) -> str:
    return f"{rng.randint(7, 19)}:{rng.choice(('00', '10', '15', '20', '30', '40', '45', '50'))}"


def mail_texts(examples: Sequence[Chat]) -> Iterator[str]:
    """All text of some examples, for the tokenizer to learn from."""
    for chat in examples:
        yield from (message["content"] for message in chat.messages)
        yield chat.reply
