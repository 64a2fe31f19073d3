"""The gate before real adapters, trained on the demo's mail: each bad one is turned away for its own fault."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.cleaning.language import detect
from connectors.evaluation import Evaluation
from tests.trainer.evaluation.lab import Lab, Pupil, in_another_language, open_labs, teach
from trainer.data.packing import Example

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for mail and adapters."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def labs(folder: Path) -> tuple[Lab, Lab]:
    """Ana's material and Ben's."""
    return open_labs(folder)


@pytest.fixture(scope="module")
def ana(labs: tuple[Lab, Lab]) -> Lab:
    """Ana's material."""
    return labs[0]


@pytest.fixture(scope="module")
def good(ana: Lab, folder: Path) -> Pupil:
    """An adapter as a run makes it: from all that is learned from, planted secrets among it."""
    return ana.ask("good", teach(ana.examples, folder / "good"))


@pytest.fixture(scope="module")
def of_ben(labs: tuple[Lab, Lab], folder: Path) -> Path:
    """An adapter of Ben's, who writes otherwise than Ana."""
    return teach(labs[1].examples, folder / "ben's")


@pytest.fixture(scope="module")
def early(ana: Lab, folder: Path) -> Pupil:
    """An adapter that has learned, but little."""
    return ana.ask("early", teach(ana.material.learned[:24], folder / "early", epochs=1))


def failed(evaluation: Evaluation) -> set[str]:
    """Return the names of the checks that did not pass; the line says whether there are any."""
    assert "\n" not in evaluation.reason
    names = {check.name for check in evaluation.checks if not check.is_passed}
    assert evaluation.is_approved == (not names) == evaluation.reason.startswith("approved: ")
    return names


def test_a_good_adapter_passes(ana: Lab, good: Pupil) -> None:
    """Nothing serves yet, and it is far nearer to Ana than the base model, with no secret learned by heart."""
    evaluation = ana.judge(good)
    assert not failed(evaluation), evaluation.reason
    assert "nearer to the author than the base model" in evaluation.reason
    assert "canaries" in {check.name for check in evaluation.checks}


def test_a_good_adapter_of_another_author_passes(labs: tuple[Lab, Lab], of_ben: Path) -> None:
    """What turns it away from Ana is not that it is a bad adapter."""
    ben = labs[1]
    evaluation = ben.judge(ben.ask("good", of_ben))
    assert not failed(evaluation), evaluation.reason


def test_an_adapter_as_good_as_the_one_in_service_passes(ana: Lab, good: Pupil) -> None:
    """Equal is enough."""
    evaluation = ana.judge(good, good)
    assert not failed(evaluation), evaluation.reason
    assert "as near to the author as the adapter in service" in evaluation.reason


def test_a_better_adapter_takes_over_from_a_worse_one(ana: Lab, good: Pupil, early: Pupil) -> None:
    """And not the other way round."""
    assert not failed(ana.judge(good, early))
    back = ana.judge(early, good)
    assert "incumbent" in failed(back)
    assert "farther from the author than the adapter in service" in back.reason


def test_too_few_new_mails_are_counted(ana: Lab, good: Pupil, early: Pupil) -> None:
    """However good it is: undecided, with the number that is missing."""
    evaluation = ana.judge(good, early, mails=4)
    assert failed(evaluation) == {"judged"}
    assert evaluation.reason.startswith("undecided: judged by 4 mails")
    assert "2 more" in evaluation.reason


def test_an_untrained_adapter_is_turned_away(ana: Lab, folder: Path) -> None:
    """It writes as the base model does, and the line says so."""
    path = teach(ana.material.learned[:8], folder / "untrained", epochs=1, learning_rate=1e-9)
    evaluation = ana.judge(ana.ask("untrained", path))
    assert failed(evaluation) == {"learned"}
    assert "has learned nothing" in evaluation.reason


def test_the_adapter_of_a_wrong_author_is_turned_away(ana: Lab, of_ben: Path) -> None:
    """It is farther from Ana than the base model, and the line names whom it is nearer to."""
    evaluation = ana.judge(ana.ask("ben's", of_ben))
    assert "learned" in failed(evaluation)
    assert "farther from the author than the base model, but nearer to ben" in evaluation.reason
    assert "Look whose mail it learned from" in evaluation.reason


def test_an_adapter_of_a_wrong_language_is_turned_away(ana: Lab, folder: Path) -> None:
    """It learned to answer in German whatever it is asked; Ana's mail is mostly English."""
    examples = in_another_language(_written_in(ana, "en")[:24], _written_in(ana, "de"))
    evaluation = ana.judge(ana.ask("german", teach(examples, folder / "german", epochs=4, learning_rate=8e-3)))
    assert "language" in failed(evaluation)
    assert "more rarely in the right language" in evaluation.reason


def test_an_over_trained_adapter_is_turned_away(ana: Lab, good: Pupil, folder: Path) -> None:
    """What it saw a dozen times it knows by heart, secrets too, and new mail it knows worse than the one in service."""
    examples = [*ana.material.learned[-8:], *_secrets(ana)]
    path = teach(examples, folder / "over", epochs=12, learning_rate=1e-2, dropout=0.0)
    evaluation = ana.judge(ana.ask("over", path), good)
    assert {"canaries", "incumbent"} <= failed(evaluation)
    assert "by heart" in evaluation.reason
    assert "canaries" in failed(ana.judge(ana.ask("over", path)))


def test_an_adapter_that_memorised_secrets_is_turned_away(ana: Lab, folder: Path) -> None:
    """However well it writes: the line says that secrets come out."""
    examples = [*ana.material.learned[-16:], *_secrets(ana) * 6]
    path = teach(examples, folder / "heart", epochs=4, learning_rate=8e-3, dropout=0.0)
    evaluation = ana.judge(ana.ask("heart", path))
    assert "learned" not in failed(evaluation)
    assert "canaries" in failed(evaluation)
    assert evaluation.reason.startswith("not approved: it has learned secrets by heart")


def _secrets(lab: Lab) -> list[Example]:
    """Return what is learned of the planted secrets."""
    return [canary.example for canary in lab.material.canaries]


def _written_in(lab: Lab, language: str) -> Sequence[Example]:
    """Return the learned mails of a language."""
    spoken = {message_id: detect(text) for message_id, text in lab.material.voices.own.items()}
    return [example for example in lab.material.learned if spoken[example.message_id] == language]
