"""The gate: what it lets through, what it turns away and with which words."""

import math
from collections.abc import Mapping

import pytest

from connectors.evaluation import ADAPTER, ADAPTER_RAG, BASE_RAG, INCUMBENT_RAG, Canaries, Check, Interval, Measure
from connectors.gate_settings import GateSettings
from tests.trainer.evaluation.evaluations import canaries, measure, measures
from trainer.evaluation.gate import judge

SETTINGS = GateSettings()
Changes = Mapping[str, Mapping[str, float]]


def judged(
    changes: Changes | None = None,
    *,
    mails: int = 25,
    has_incumbent: bool = True,
    planted: Canaries | None = None,
    noise: float = 0.02,
    settings: GateSettings = SETTINGS,
) -> tuple[dict[str, Check], bool, str]:
    """Judge a good adapter that was changed in some respects; the checks come by name."""
    found = measures(changes, mails=mails, has_incumbent=has_incumbent, noise=noise)
    checks, is_approved, reason = judge(
        found, planted, has_incumbent=has_incumbent, judged=mails, settings=settings
    )  # fmt: skip
    assert "\n" not in reason
    return {check.name: check for check in checks}, is_approved, reason


def failed(checks: Mapping[str, Check]) -> set[str]:
    """Return the names of the checks that did not pass."""
    return {name for name, check in checks.items() if not check.is_passed}


@pytest.mark.parametrize("has_incumbent", [True, False])
def test_a_good_adapter_may_serve(*, has_incumbent: bool) -> None:
    """Nearer to the author than the base model, and as good as the adapter in service, if there is one."""
    checks, is_approved, reason = judged(has_incumbent=has_incumbent, planted=canaries())
    assert is_approved
    assert not failed(checks)
    assert ("incumbent" in checks) == has_incumbent
    assert reason.startswith("approved: nearer to the author than the base model, loss -8")
    assert ("the adapter in service" in reason) == has_incumbent
    assert "25 mails" in reason


def test_with_too_few_mails_nothing_is_said() -> None:
    """It is undecided, and the line says how many more are needed; there need be no measures."""
    checks, is_approved, reason = judge([], None, has_incumbent=False, judged=4, settings=SETTINGS)
    assert not is_approved
    assert [check.name for check in checks] == ["judged"]
    assert reason.startswith("undecided: judged by 4 mails")
    assert "Train again when 2 more have been sent." in reason


def test_an_adapter_that_writes_as_the_base_does_has_learned_nothing() -> None:
    """Whether it has exactly the base model's loss, or a hair less on every mail."""
    for loss in (0.76, 0.7599):
        checks, is_approved, reason = judged({"loss": {ADAPTER_RAG: loss}}, has_incumbent=False, noise=0.0)
        assert not is_approved
        assert failed(checks) == {"learned"}
        assert "has learned nothing" in reason
        assert "[train] learning_rate or epochs" in reason


def test_an_adapter_farther_from_its_author_than_the_base_is_turned_away() -> None:
    """The line says by how much, with its interval."""
    checks, _, reason = judged({"loss": {ADAPTER_RAG: 0.9}}, has_incumbent=False)
    assert failed(checks) == {"learned"}
    assert "not approved: farther from the author than the base model, loss +1" in reason
    assert "95 % interval" in reason


def test_a_gain_that_may_be_chance_is_undecided() -> None:
    """The line says how many more mails would tell, and with so many they do."""
    changes = {"loss": {ADAPTER_RAG: 0.74}}
    checks, is_approved, reason = judged(changes, mails=8, has_incumbent=False, noise=0.05)
    assert not is_approved
    assert failed(checks) == {"learned"}
    assert reason.startswith("undecided: not nearer to the author than the base model beyond chance")
    more = int(reason.split("About ")[1].split()[0])
    assert judged(changes, mails=3 * (8 + more), has_incumbent=False, noise=0.05)[1]


def test_an_adapter_worse_than_the_one_in_service_is_turned_away() -> None:
    """However much better than the base model it is."""
    checks, _, reason = judged({"loss": {ADAPTER_RAG: 0.17}})
    assert failed(checks) == {"incumbent"}
    assert reason.startswith("not approved: farther from the author than the adapter in service, loss +1")
    assert "goes on serving" in reason


def test_it_is_said_where_the_one_in_service_was_measured_otherwise() -> None:
    """In the check, where the numbers stand, and so in the reason."""
    _, _, reason = judge(measures(), None, has_incumbent=True, judged=25, settings=SETTINGS, aside="; on full weights")
    assert "on full weights" in reason


def test_an_adapter_that_may_be_much_worse_is_undecided() -> None:
    """Few and unlike mails cannot tell it from the one in service, nor from a much worse one: more are waited for."""
    changes = {"loss": {ADAPTER_RAG: 0.5, INCUMBENT_RAG: 0.5}}
    checks, _, reason = judged(changes, mails=7, noise=0.12)
    assert failed(checks) == {"incumbent"}
    assert reason.startswith("undecided: it may be farther from the author than the adapter in service")
    assert "more new mails would tell" in reason
    assert judged(changes, mails=200, noise=0.12)[1]


def test_a_number_that_is_none_is_never_approved() -> None:
    """A loss that is no number says nothing, whichever comparison it stands in."""
    good = measures(has_incumbent=True)
    for name in ("loss", "style", "language", "chrf", "length"):
        for rival in (BASE_RAG, INCUMBENT_RAG):
            nan = Interval(value=math.nan, low=math.nan, high=math.nan)
            broken = [
                each.model_copy(update={"versus": {**each.versus, rival: nan}}) if each.name == name else each
                for each in good
            ]
            _, is_approved, reason = judge(broken, None, has_incumbent=True, judged=25, settings=SETTINGS)
            assert not is_approved, (name, rival, reason)


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"language": {ADAPTER_RAG: 0.0}}, "language", "in the right language than with the adapter in service: 0%"),
        ({"length": {ADAPTER_RAG: 0.6}}, "length", "length of what was sent"),
        ({"style": {ADAPTER_RAG: 0.2}}, "style", "greetings, sign-offs and habits"),
        ({"chrf": {ADAPTER_RAG: 50}}, "chrf", "share less with what was sent"),
        ({"authorship": {ADAPTER_RAG: 0.2, INCUMBENT_RAG: 0.9, BASE_RAG: 0.1}}, "authorship", "author's own mail"),
        ({"copied": {ADAPTER_RAG: 121}}, "copied", "learned mail by heart"),
        ({"copied": {ADAPTER: 121}}, "copied", "121 letters"),
    ],
)
def test_drafts_that_got_worse_are_turned_away(changes: Changes, name: str, words: str) -> None:
    """Each property by itself, though the loss be the best there ever was; the line names it and what to do."""
    checks, is_approved, reason = judged(changes)
    assert not is_approved
    assert failed(checks) == {name}
    assert reason.startswith("not approved: ")
    assert words in reason
    assert "cyrano train" in reason


def test_the_base_model_is_a_floor_too() -> None:
    """An adapter that is worse than the base model may not serve because the one in service is as bad."""
    changes = {"language": {ADAPTER_RAG: 0.0, INCUMBENT_RAG: 0.0}}
    checks, _, reason = judged(changes)
    assert failed(checks) == {"language"}
    assert "than with the base model: 0%, not 100%" in reason


def test_a_few_unlucky_drafts_turn_nothing_away() -> None:
    """One draft of 24 in the wrong language, or style that differs within its margin, is no regression."""
    found = [
        each if each.name != "language" else measure("language", {
            BASE_RAG: [1.0] * 24, INCUMBENT_RAG: [1.0] * 24, ADAPTER_RAG: [0.0] + [1.0] * 23,
        })
        for each in measures({"style": {ADAPTER_RAG: 0.105}, "chrf": {ADAPTER_RAG: 69}})
    ]  # fmt: skip
    _, is_approved, reason = judge(found, None, has_incumbent=True, judged=24, settings=SETTINGS)
    assert is_approved, reason


def test_two_drafts_of_eight_in_the_wrong_language_are_no_chance() -> None:
    """Of so few drafts no interval tells; but neither the base model nor the adapter in service ever did it."""
    right, wrong = [1.0] * 8, [0.0] * 2 + [1.0] * 6
    for own, is_right in ((wrong, False), ([0.0] + [1.0] * 7, True)):
        language = measure("language", {BASE_RAG: right, INCUMBENT_RAG: right, ADAPTER_RAG: own})
        assert language.versus[BASE_RAG].high == 0
        found = [language if each.name == "language" else each for each in measures(mails=8)]
        checks, _, reason = judge(found, None, has_incumbent=True, judged=8, settings=SETTINGS)
        assert all(check.is_passed for check in checks) == is_right, reason


def test_a_long_copy_is_no_regression_where_the_one_in_service_copies_as_much() -> None:
    """Then the author says it so, or it has been said already."""
    assert judged({"copied": {ADAPTER_RAG: 300, INCUMBENT_RAG: 300}})[1]
    assert not judged({"copied": {ADAPTER_RAG: 301, INCUMBENT_RAG: 300}})[1]


@pytest.mark.parametrize("planted", [canaries(bits=7.9), canaries(bits=2.0, extracted=1)])
def test_secrets_learned_by_heart_turn_an_adapter_away(planted: Canaries) -> None:
    """Whether one comes out, or all are far likelier than others; it is named before all else that is wrong."""
    checks, _, reason = judged({"loss": {ADAPTER_RAG: 0.9}}, planted=planted)
    assert failed(checks) == {"canaries", "learned", "incumbent"}
    assert reason.startswith("not approved: it has learned secrets by heart")
    assert "(also failed: learned, incumbent)" in reason


def test_what_is_certain_is_said_before_what_is_not() -> None:
    """An adapter whose style is worse is turned away, though its loss may need more mail to be judged."""
    _, _, reason = judged({"loss": {ADAPTER_RAG: 0.145}, "style": {ADAPTER_RAG: 0.9}}, mails=7, noise=0.12)
    assert reason.startswith("not approved: greetings")


def test_measures_nobody_asks_for_are_let_be() -> None:
    """An adapter is not turned away for a measure that the gate does not know."""
    extra = Measure(name="bleu", title="BLEU", unit="", is_higher_better=True, arms={}, versus={}, values={})
    assert judge([*measures(), extra], None, has_incumbent=True, judged=25, settings=SETTINGS)[1]
