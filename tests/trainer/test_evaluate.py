"""The table of authors and adapters, and what is concluded from it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from connectors.adapter import AdapterCard, publish, set_current
from retrieval.prompt import PROMPT_VERSION
from tests.trainer.learners import FP32, SETTINGS, learn, make, silent, wrapped
from trainer.evaluate import format_table, judge, score, serving_adapters
from trainer.methods import METHODS
from trainer.training.loss import nats_per_byte
from trainer.training.model import load_model

ANA = [make(12, start=5 * index, prompt=4) for index in range(12)]
BEN = [make(14, start=5 * index + 2, prompt=4) for index in range(12)]


def card(account: str, model: Path, **changes: object) -> AdapterCard:
    """Return the card of an approved adapter."""
    fresh = AdapterCard(
        account=account, base_model=str(model), prompt_version=PROMPT_VERSION, method="lora",
        created_at="2026-01-01T00:00:00+00:00", is_approved=True, verdict="",
    )  # fmt: skip
    return replace(fresh, **changes)  # type: ignore[arg-type]


def publish_trained(root: Path, account: str, model: Path, examples: list, folder: Path) -> None:  # type: ignore[type-arg]
    """Train an adapter on some examples and publish it."""
    folder.mkdir()
    learner = wrapped(model, SETTINGS)
    learn(learner, folder, examples=examples, held_out=examples[:4])
    METHODS["lora"].save(learner, folder / "built")
    publish(root, folder / "built", card(account, model))


def test_every_author_is_measured_with_every_adapter(tiny: Path, tmp_path: Path) -> None:
    """Base, own and other adapters each get their own losses, and the model is left as it was."""
    publish_trained(tmp_path, "b.en", tiny, BEN, tmp_path / "run")
    others = serving_adapters(tmp_path, ["b.en"], str(tiny))
    model = wrapped(tiny, SETTINGS)
    before = nats_per_byte(model, ANA, FP32, 4)
    scores = score(
        model, {"ana": ANA, "b.en": BEN}, others, FP32,
        load=lambda: load_model(str(tiny), torch.float32, "cpu"), batch_size=4, report=silent,
    )  # fmt: skip
    assert list(scores["ana"]) == ["base", "this", "b.en@v1"]
    # An untrained adapter changes nothing; the trained one is nearest to its author.
    assert scores["ana"]["this"] == pytest.approx(scores["ana"]["base"], rel=1e-5)
    assert scores["b.en"]["b.en@v1"] < scores["b.en"]["base"]
    assert nats_per_byte(model, ANA, FP32, 4) == pytest.approx(before, rel=1e-6)
    assert model.active_adapter == "default"


def test_the_loss_does_not_depend_on_the_batch(tiny: Path) -> None:
    """Held-out losses of different batch sizes compare."""
    model = wrapped(tiny, SETTINGS)
    torch.manual_seed(1)
    assert nats_per_byte(model, ANA, FP32, 1) == pytest.approx(nats_per_byte(model, ANA, FP32, 5), rel=1e-5)


def test_only_adapters_of_the_same_base_and_prompt_compare(tiny: Path, tmp_path: Path) -> None:
    """The version in service is taken, else the newest approved one; strange or broken ones are left out."""
    for account, changes in [
        ("ben", {}),
        ("ben", {}),
        ("ben", {"is_approved": False}),
        ("eve", {"base_model": "another"}),
        ("joe", {"prompt_version": "0"}),
    ]:
        METHODS["lora"].save(wrapped(tiny, SETTINGS), tmp_path / "built")
        publish(tmp_path, tmp_path / "built", card(account, tiny, **changes))
    accounts = ["ben", "eve", "joe", "nobody"]
    assert list(serving_adapters(tmp_path, accounts, str(tiny))) == ["ben@v2"]
    set_current(tmp_path, "ben", 1)
    assert list(serving_adapters(tmp_path, accounts, str(tiny))) == ["ben@v1"]
    (tmp_path / "ben" / "v1" / "adapter_model.safetensors").write_bytes(b"broken")
    assert serving_adapters(tmp_path, accounts, str(tiny)) == {}


def test_the_table_marks_the_nearest_adapter() -> None:
    """A row for each author, a column for each adapter, and a star at the lowest loss."""
    table = format_table({"ana": {"base": 2.0, "this": 1.25}, "ben": {"base": 1.5, "this": 1.75}}).splitlines()
    assert [line.split() for line in table[1:]] == [
        ["author", "base", "this"],
        ["ana", "2.000", "1.250*"],
        ["ben", "1.500*", "1.750"],
    ]


@pytest.mark.parametrize(("this", "is_approved"), [(1.9, True), (2.0, False), (2.1, False)])
def test_an_adapter_must_beat_the_base_model(this: float, *, is_approved: bool) -> None:
    """Nearer to its author than the base model: approved; equal or farther: not. Both losses are in the verdict."""
    verdict = judge({"ana": {"base": 2.0, "this": this}}, "ana")
    assert verdict.is_approved == is_approved
    assert f"{this:.3f}" in verdict.reason
    assert "2.000" in verdict.reason
