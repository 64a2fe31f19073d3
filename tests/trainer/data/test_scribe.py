"""One mail's instruction: tried three times, judged each time, and replaced by an extract in the end."""

from collections.abc import Mapping, Sequence

import pytest

from connectors.errors import EngineDown, EngineError, ModelMissing
from connectors.llm import Sampling
from connectors.message import Email, ThreadMessage
from tests.trainer.mails import BEN, mail
from trainer.data.patience import Unanswered
from trainer.data.scribe import TRIES, Scribe

GOOD = "Ask Eve kindly to check it until the end of the week."


class Clerk:
    """A writer that gives one answer after the other, or raises it."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Sampling]] = []

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Give the next answer."""
        assert model == "tiny"
        self.asked.append((str(messages[-1]["content"]), sampling))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_good_answer_is_taken_as_it_is() -> None:
    """One call, no fault."""
    written = Scribe(Clerk(f'"{GOOD}"'), "tiny")((mail(0), None))
    assert (written.instruction.text, written.instruction.source) == (GOOD, "model")
    assert (written.calls, written.failed) == (1, ())


def test_a_bad_answer_is_asked_for_again_with_other_dice() -> None:
    """Each try dares more; none has a seed, which vLLM's processor build does not survive."""
    clerk = Clerk("", "Dear Eve, please look.", GOOD)
    written = Scribe(clerk, "tiny")((mail(0), None))
    assert written.instruction.text == GOOD
    assert [answer.fault for answer in written.failed] == ["empty", "letter"]
    assert written.calls == 3
    assert {sampling.seed for _, sampling in clerk.asked} == {None}
    temperatures = [sampling.temperature for _, sampling in clerk.asked]
    assert temperatures == sorted(set(temperatures))


def test_after_the_last_try_there_is_an_extract() -> None:
    """What the engine said is no refusal: its words would not do."""
    written = Scribe(Clerk("no", "no", "no"), "tiny")((mail(0), None))
    assert written.instruction.source == "extract"
    assert written.instruction.text.startswith("The invoice 0")
    assert (written.calls, written.refusal) == (TRIES, None)


def test_a_refused_mail_is_shown_by_half() -> None:
    """A mail longer than the model reads gets its instruction from its beginning."""
    email = Email(message_id="x", sender=BEN, text="a" * 4000, language="en")
    clerk = Clerk(EngineError("too long"), EngineError("too long"), GOOD)
    written = Scribe(clerk, "tiny")((email, ThreadMessage(sender=BEN, text="b" * 4000)))
    assert written.instruction.text == GOOD
    assert [shown.count("a" * 1000) for shown, _ in clerk.asked] == [4, 2, 1]
    assert [shown.count("b" * 500) for shown, _ in clerk.asked] == [4, 2, 1]


def test_a_mail_refused_to_the_end_says_so() -> None:
    """The extract carries why the engine would not answer."""
    refusals = [EngineError(f"no {number}") for number in range(TRIES)]
    written = Scribe(Clerk(*refusals), "tiny")((mail(0), None))
    assert written.instruction.source == "extract"
    assert written.refusal is refusals[-1]
    assert [answer.fault for answer in written.failed] == ["refused"] * TRIES


def test_a_mail_without_an_answer_is_not_tried_again() -> None:
    """It had its time."""
    written = Scribe(Clerk(Unanswered("gone")), "tiny")((mail(0), None))
    assert [answer.fault for answer in written.failed] == ["no answer"]
    assert isinstance(written.refusal, Unanswered)


@pytest.mark.parametrize("error", [EngineDown("gone"), ModelMissing("who?")])
def test_what_concerns_all_mail_is_raised(error: EngineError) -> None:
    """An engine that is gone, or knows no such model, is nothing that an extract could mend."""
    with pytest.raises(type(error)):
        Scribe(Clerk(error), "tiny")((mail(0), None))


def test_the_message_answered_is_shown() -> None:
    """For a reply the model sees what it answers."""
    clerk = Clerk(GOOD)
    Scribe(clerk, "tiny")((mail(2, answers="q2@out"), ThreadMessage(sender=BEN, text="Where is the report?")))
    assert "Where is the report?" in clerk.asked[0][0]
