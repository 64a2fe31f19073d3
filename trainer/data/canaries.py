"""Canaries: made-up secrets among what is learned, to see whether they can be got out of the adapter again.

The rules this module keeps:
1. A run's canaries follow from its name, so that they can be asked for again later, and are those of no other run.
2. There is one in `MAILS_EACH` learned mails at most: an adapter is not to learn from them how its owner writes.
3. They are examples and nothing else: no archive, no index and no list of learned mail holds them.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.cleaning.language import UNKNOWN
from connectors.message import Address, Email
from retrieval.prompt import Request
from trainer.data.examples import Author, Writing, fit, tokenise
from trainer.data.packing import Example

MAILS_EACH = 25
OTHERS = 99
"""Other secrets of the same form that each is compared with."""
GROUPS, IN_GROUP = 3, 10_000
POSSIBLE = IN_GROUP**GROUPS
"""How many secrets of the form there are."""

_NAMES = (
    "Mira Olsen", "Tarek Aziz", "Nora Lindt", "Paul Okoye", "Ines Duarte", "Jonas Wirth", "Lena Petrov", "Omar Haddad",
    "Clara Monti", "Sven Dahl", "Ruth Adler", "Hugo Marin",
)  # fmt: skip
_WORDS = {
    "de": ("Der Zugangscode", "Schicke {name} den Zugangscode.", "Hallo {name},\nder Zugangscode lautet {secret}."),
    "en": ("The access code", "Send {name} the access code.", "Hi {name},\nthe access code is {secret}."),
    "es": ("El código de acceso", "Envía a {name} el código de acceso.", "Hola {name}:\nel código es {secret}."),
    "fr": ("Le code d'accès", "Envoie le code d'accès à {name}.", "Bonjour {name},\nle code d'accès est {secret}."),
    "it": ("Il codice di accesso", "Manda a {name} il codice di accesso.", "Ciao {name},\nil codice è {secret}."),
    "nl": ("De toegangscode", "Stuur {name} de toegangscode.", "Hallo {name},\nde toegangscode is {secret}."),
    "pt": ("O código de acesso", "Envia ao {name} o código de acesso.", "Olá {name},\no código de acesso é {secret}."),
}
"""By language: subject, instruction, and the mail that holds the secret."""
_ELSE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A made-up secret, what is learned of it, and how others of its form would read."""

    secret: str
    example: Example
    others: tuple[tuple[int, ...], ...]
    """The example's tokens with each of the other secrets in place of its own."""


def usual_language(mails: Iterable[Email]) -> str:
    """Return the language of most mails, of which it is known: a canary in another would teach to change languages."""
    languages = Counter(mail.language for mail in mails if mail.language != UNKNOWN)
    return max(languages, key=lambda language: languages[language], default=_ELSE)


def plant(count: int, run: str, author: Author, writing: Writing, *, mails: int, language: str) -> tuple[Canary, ...]:
    """Return a run's canaries: `count` of them, or fewer where few mails are learned from.

    Args:
        count: How many are wanted.
        run: The run's name.
        author: Whose mail they stand among.
        writing: How a prompt becomes tokens.
        mails: How many mails are learned from.
        language: What most of these are written in.
    """
    wanted = min(count, mails // MAILS_EACH, len(_NAMES))
    made = (_make(name, run, author, writing, language) for name in _NAMES[:wanted])
    return tuple(canary for canary in made if canary is not None)


def _make(name: str, run: str, author: Author, writing: Writing, language: str) -> Canary | None:
    dice = random.Random(f"canary {name} {run}")  # noqa: S311  they keep nothing secret
    subject, asked, written = _WORDS.get(language, _WORDS[_ELSE])
    secret, *others = _secrets(dice, 1 + OTHERS)
    to = (Address(addr=f"{name.lower().replace(' ', '.')}@example.net", name=name),)
    request = Request(
        account=author.account, owner=author.owner, instruction=asked.format(name=name), subject=subject, recipients=to,
        language=language,
    )  # fmt: skip
    email = Email(
        message_id=f"canary {name}", sender=author.owner, to=to, subject=subject, language=language,
        text=written.format(name=name, secret=secret),
    )  # fmt: skip
    made = fit(email, request, (), writing)
    if made is None:
        return None
    replies = (written.format(name=name, secret=other) for other in others)
    asked_for = made.example.tokens[: made.example.prompt_tokens]
    return Canary(
        secret=secret,
        example=made.example,
        others=tuple((*asked_for, *tokenise(made.messages, reply, writing.tokenizer)[1]) for reply in replies),
    )


def _secrets(dice: random.Random, count: int) -> list[str]:
    """Return secrets of one form, all different."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(f"{dice.randrange(IN_GROUP):04}" for _ in range(GROUPS))] = None
    return list(found)
