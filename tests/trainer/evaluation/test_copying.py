"""Copies from learned mail: found exactly, and fast enough for every draft of every arm."""

import random
import time
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.evaluation.copying import HABIT, NOTHING, WINDOW, Learned, longest_copy, plain

SECRET = "the account number is DE44 5001 0517 5407 3249 31 at the bank in the high street"
HELLO = "Thank you very much for your message of this morning."
BYE = "Please let me know whether this works for you. Best regards, Ana"

# Pieces of several lengths, of which some share letters at their ends: windows then reach over their borders.
PIECES = [*("".join(random.Random(seed).choices("ab ", k=9 + 5 * seed)) for seed in range(7)), "b" * 30, "A – ’b"]  # noqa: RUF001, S311
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


def test_a_passage_of_one_mail_is_a_copy() -> None:
    """With its length and the mail it comes from, however it is wrapped and capitalised."""
    written = f"Hi Tom!\n\nAs you know,\n{SECRET.upper().replace(' ', chr(10), 3)}.\n\nAna"
    copy = longest_copy(written, {"m1": "Something else.", "m2": f"Dear Eve, {SECRET}. Ana"})
    assert copy.source == "m2"
    assert copy.passage == f", {SECRET}. ana".casefold()
    assert copy.length == len(copy.passage)


def test_what_the_prompt_showed_is_no_copy() -> None:
    """The mail that is answered, and retrieved mail, are there to be taken from."""
    assert longest_copy(f"So, {SECRET}", {"m1": SECRET}, [f"> {SECRET}"]) == NOTHING


def test_what_goes_on_from_what_was_shown_is_a_copy_from_there() -> None:
    """Shown is the first half of a mail; the model knew the second."""
    half = len(SECRET) // 2
    copy = longest_copy(SECRET, {"m1": SECRET}, [SECRET[:half]])
    assert copy.source == "m1"
    assert copy.length == len(SECRET) - half


def test_a_habit_is_no_copy() -> None:
    """What stands in three mails is how somebody writes; what stands in two may be told twice to the same person."""
    mails = {f"m{number}": f"{HELLO} Number {number}. {BYE}" for number in range(HABIT)}
    written = f"{HELLO} {BYE}"
    assert longest_copy(written, mails).length < WINDOW
    assert longest_copy(written, dict(list(mails.items())[:2])).length >= len(BYE)


def test_a_habit_within_a_copy_does_not_count() -> None:
    """A whole mail taken over copies what is its own."""
    mails = {f"m{number}": f"{HELLO} {'abcdefgh'[number] * 40} {BYE}" for number in range(5)}
    copy = longest_copy(mails["m3"], mails)
    assert copy.source == "m3"
    assert 40 <= copy.length <= 40 + 2
    assert copy.passage == plain(mails["m3"])


@pytest.mark.parametrize("written", ["", "Thanks!", "x" * (WINDOW - 1), "\0" * 50, "\ud800" * 50])
def test_short_and_broken_drafts_copy_nothing(written: str) -> None:
    """Runs shorter than a window are common to all; half of a character pair is no reason to fail."""
    assert longest_copy(written, {"m1": written, "m2": "Hello there"}).length in {0, 50}


def test_a_window_is_the_shortest_copy() -> None:
    """One letter less is nobody's."""
    assert longest_copy(SECRET[:WINDOW], {"m1": SECRET}).length == WINDOW
    assert longest_copy(SECRET[: WINDOW - 1], {"m1": SECRET}) == NOTHING


def test_without_mails_nothing_is_copied() -> None:
    """Neither from none nor from empty ones."""
    assert longest_copy(SECRET, {}) == NOTHING
    assert longest_copy(SECRET, {"m1": "", "m2": "   "}) == NOTHING


def test_nothing_is_copied_from_two_mails_at_once() -> None:
    """The end of one and the beginning of the next are no passage."""
    written = SECRET + BYE
    copy = longest_copy(written, {"m1": SECRET, "m2": BYE})
    assert (copy.length, copy.source) == (len(SECRET), "m1")


def test_a_copy_does_not_show_its_words_in_logs() -> None:
    """What is printed of it by accident is its length."""
    assert "account number" not in repr(longest_copy(SECRET, {"m1": SECRET}))


@settings(max_examples=150)
@given(written=texts, sources=st.lists(texts, max_size=5), shown=st.lists(texts, max_size=2))
def test_it_finds_what_trying_all_passages_finds(written: str, sources: list[str], shown: list[str]) -> None:
    """Exactly the same length, and a passage that stands where it says."""
    mails = {f"m{number}": text for number, text in enumerate(sources)}
    copy = longest_copy(written, mails, shown)
    assert copy.length == _try_all(plain(written), {name: plain(text) for name, text in mails.items()}, shown)
    if copy.source is not None:
        assert copy.passage in plain(mails[copy.source])
        assert copy.passage in plain(written)


def test_a_thousand_mails_take_a_second_for_all_drafts_of_all_arms() -> None:
    """Six arms of 24 drafts; 0.6 s of processor time were measured, of which half to make the mails ready."""
    dice = random.Random(5)  # noqa: S311
    language = ["".join(dice.choices("etaoinshrdlu", k=dice.randint(2, 9))) for _ in range(3000)]
    mails = {str(number): f"{HELLO} {' '.join(dice.choices(language, k=150))} {BYE}" for number in range(1000)}
    drafts = [f"{' '.join(dice.choices(language, k=100))} {mails[str(number)][200:400]}" for number in range(144)]
    started = time.process_time()
    learned = Learned(mails)
    found = [learned.longest_copy(draft, [mails["900"], mails["901"]]) for draft in drafts]
    assert time.process_time() - started < 5
    assert [copy.source for copy in found] == [str(number) for number in range(144)]
    assert min(copy.length for copy in found) >= 190


def _try_all(written: str, mails: Mapping[str, str], shown: Sequence[str]) -> int:
    """Do as the rules say, with nothing but `in`."""
    known = set()
    for at in range(len(written) - WINDOW + 1):
        window = written[at : at + WINDOW]
        if sum(window in text for text in mails.values()) >= HABIT or any(window in plain(text) for text in shown):
            known.update(range(at, at + WINDOW))
    passages = (
        range(start, end)
        for start in range(len(written))
        for end in range(start + WINDOW, len(written) + 1)
        if any(written[start:end] in text for text in mails.values())
    )
    return max((len(set(passage) - known) for passage in passages), default=0)
