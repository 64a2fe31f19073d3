"""The words of the cards, in both languages."""

import re
from pathlib import Path
from string import Formatter

import pytest

from retrieval.prompt import LENGTH_NAMES, TONE_NAMES
from service.addon import words
from service.addon.sentences import OTHERS
from service.addon.words import ENGLISH, GERMAN, LANGUAGES, speak
from service.commands.account import account
from service.drafting.facts import FactKind


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    """The same keys, none empty, naming the same things."""
    said = LANGUAGES[language]
    assert said.keys() == ENGLISH.keys()
    for key, text in said.items():
        assert text.strip() == text != ""
        assert _named(text) == _named(ENGLISH[key])


def test_every_choice_and_kind_of_fact_has_words() -> None:
    """What the prompt and the facts know can be said."""
    needed = {*(f"tone_{key}" for key in ("", *TONE_NAMES)), *(f"length_{key}" for key in ("", *LENGTH_NAMES))}
    assert needed | {f"kind_{kind}" for kind in FactKind} <= ENGLISH.keys()


@pytest.mark.parametrize(
    ("locale", "language"), [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("en-GB", "en"), ("", "en"), ("xx", "en")]
)
def test_language_is_that_of_the_locale(locale: str, language: str) -> None:
    """The country does not matter; what is not known is English."""
    assert speak(locale)("write") == LANGUAGES[language]["write"]


def test_commands_that_are_named_are_there() -> None:
    """What a card tells its reader to do can be done."""
    said = "\n".join(text for language in LANGUAGES.values() for text in language.values())
    named = set(re.findall(r"cyrano (account) (\w+)", said))
    assert {("account", "add"), ("account", "remove"), ("account", "list")} == named
    assert {word for _, word in named} <= account.commands.keys()


def test_german_cards_speak_as_the_extension_does() -> None:
    """One Cyrano does not say "Sie" here and "du" there."""
    said = [*GERMAN.values(), *OTHERS["de"].values()]
    assert not [text for text in said if re.search(r"\b(Sie|Ihre?[mnrs]?|Ihnen)\b", text)]


def test_no_words_are_idle() -> None:
    """Every key is said somewhere."""
    folder = Path(words.__file__).parent
    code = "\n".join(path.read_text() for path in folder.glob("*.py") if path.name != "words.py")
    said = set(re.findall(r'"(\w+)"', code))
    made = re.compile(r"(?:tone|length|kind|language)_|_hint$")
    assert not [key for key in ENGLISH if key not in said and not made.search(key)]


def _named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
