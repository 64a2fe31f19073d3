"""What was typed comes out whole and alone, whichever program quoted below, above or around it."""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.cleaning.mime import parse
from connectors.cleaning.quotes import split, tidy

ATTRIBUTIONS = (
    "On Mon, Jun 3, 2024 at 10:12 AM Tom Berg <tom@example.net> wrote:",
    "On Monday, June 3, 2024, 10:12 AM, Tom Berg <tom@example.net> wrote:",
    "Am Mo., 3. Juni 2024 um 10:12 Uhr schrieb Tom Berg <tom@example.net>:",
    "Tom Berg <tom@example.net> schrieb am Mo. 3. Juni 2024 um 10:12:",
    "Le lun. 3 juin 2024 à 10:12, Tom Berg <tom@example.net> a écrit :",
    "El lun, 3 jun 2024 a las 10:12, Tom Berg (<tom@example.net>) escribió:",
    "Il giorno lun 3 giu 2024 alle ore 10:12 Tom Berg <tom@example.net> ha scritto:",
    "Op ma 3 jun 2024 om 10:12 schreef Tom Berg <tom@example.net>:",
    "Em seg., 3 de jun. de 2024 às 10:12, Tom Berg <tom@example.net> escreveu:",
    "Às 10:12 de 03/06/2024, Tom Berg escreveu:",
    "2024-06-03 10:12 GMT+02:00 Tom Berg <tom@example.net>:",
)
RULES = (
    "-----Original Message-----\nFrom: Tom Berg\nSent: Monday, June 3, 2024 10:12 AM\nTo: Ana\nSubject: Friday\n",
    "________________________________\nVon: Tom\nGesendet: Montag, 3. Juni 2024 10:12\nAn: Ana\nBetreff: Freitag\n",
    "Gesendet: Montag, 03. Juni 2024 um 10:12 Uhr\nVon: Tom Berg\nAn: Ana\nBetreff: Freitag\n",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, June 3rd, 2024 at 10:12, Tom Berg <tom@example.net> wrote:\n",
    "De : Tom Berg\nEnvoyé : lundi 3 juin 2024 10:12\nÀ : Ana\nObjet : Vendredi\n",
    "---------- Forwarded message ---------\nFrom: Tom Berg\nDate: Mon, Jun 3, 2024\nSubject: Friday\nTo: Ana\n",
)

WORDS = (
    "we",
    "they",
    "meet",
    "bring",
    "house",
    "river",
    "after",
    "before",
    "über",
    "même",
    "niño",
    "café",
    "and",
    "then",
)
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(
    lambda words: " ".join(words).capitalize() + "."
)
TEXTS = st.lists(SENTENCES, min_size=1, max_size=5).map("\n\n".join)


def marked(text: str, mark: str = "> ") -> str:
    """Put a quote mark before every line."""
    return "\n".join(f"{mark}{line}".rstrip() for line in text.split("\n"))


@given(TEXTS, TEXTS, st.sampled_from(ATTRIBUTIONS), st.sampled_from(["> ", ">"]))
@settings(deadline=None)
def test_reply_above(typed: str, quoted: str, attribution: str, mark: str) -> None:
    """A reply above its quote comes back as it was typed, and so does the quote."""
    parts = split(f"{typed}\n\n{attribution}\n\n{marked(quoted, mark)}\n")
    assert (parts.text, parts.quoted) == (typed, quoted)


@given(TEXTS, TEXTS, st.sampled_from(ATTRIBUTIONS))
@settings(deadline=None)
def test_reply_below(typed: str, quoted: str, attribution: str) -> None:
    """A reply below its quote comes back as it was typed."""
    parts = split(f"{attribution}\n{marked(quoted)}\n\n{typed}\n")
    assert (parts.text, parts.quoted) == (typed, quoted)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), st.sampled_from(ATTRIBUTIONS))
@settings(deadline=None)
def test_reply_between(pairs: list[tuple[str, str]], attribution: str) -> None:
    """Replies between the quoted paragraphs come back, all and in order."""
    body = "\n\n".join(f"{marked(quoted)}\n\n{typed}" for quoted, typed in pairs)
    parts = split(f"{attribution}\n{body}\n")
    assert parts.text == "\n\n".join(typed for _, typed in pairs)
    assert parts.quoted == "\n\n".join(quoted for quoted, _ in pairs)


@given(TEXTS, TEXTS, st.sampled_from(RULES))
@settings(deadline=None)
def test_reply_above_a_rule(typed: str, quoted: str, rule: str) -> None:
    """Where no line is marked, all below the heading is quoted, and the heading is nobody's."""
    parts = split(f"{typed}\n\n{rule}\n{quoted}\n")
    assert (parts.text, parts.quoted) == (typed, quoted)
    assert parts.is_forward == ("Forwarded" in rule)


@given(TEXTS, TEXTS, st.sampled_from(ATTRIBUTIONS))
@settings(deadline=None)
def test_through_a_message(typed: str, quoted: str, attribution: str) -> None:
    """The same holds from the bytes of a message on."""
    body = f"{typed}\n\n{attribution}\n{marked(quoted)}\n".encode()
    email = parse(b"From: ana@example.org\nContent-Type: text/plain; charset=utf-8\n\n" + body)
    assert (email.text, email.quoted) == (typed, quoted)


@given(st.text(alphabet="ab \n.,!?", max_size=200))
def test_without_quotes(text: str) -> None:
    """A text that quotes nothing only loses surplus blanks."""
    assert split(text).text == tidy(text)


@given(st.text(max_size=400))
@settings(deadline=None)
def test_any_text(text: str) -> None:
    """No text is too odd, and splitting what was typed again changes nothing that is not a heading."""
    split(text)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_wrapped_attribution(attribution: str) -> None:
    """An attribution is known where the program wrapped it, too."""
    head, _, tail = attribution.partition(" <tom")
    parts = split(f"Yes.\n\n{head}\n<tom{tail}\n> Friday?\n" if tail else f"Yes.\n\n{attribution}\n> Friday?\n")
    assert parts.text == "Yes."


@pytest.mark.parametrize(
    "prose",
    [
        "On Monday, 3 June, at 10:12 she wrote that she would come, and I believe her.",
        "As Ruth wrote:\n\nnobody is to blame.",
        "On page 3 you wrote:\nall is well.",
        "Wie Ruth am 3. Juni schrieb, kommt sie um 10:12 an.",
        "From: Berlin\nTo: Munich\nDate: 3 June",
        "Here is the list:\n- Subject: history\n- Teacher: Ruth",
        "Two dashes -- they are prose -- cut nothing.",
    ],
)
def test_prose_stays(prose: str) -> None:
    """What only resembles a heading was typed."""
    assert split(f"Dear Tom,\n\n{prose}\n\nBest,\nAna").text == f"Dear Tom,\n\n{prose}\n\nBest,\nAna"
