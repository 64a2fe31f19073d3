"""Beside which adapters one is measured: those that really write, on the same base model and prompt."""

from dataclasses import replace
from pathlib import Path

from connectors.adapter import AdapterCard, publish, set_current, withdraw, write_learned
from connectors.base_model import revision
from retrieval.prompt import PROMPT_VERSION
from trainer.data.judging import Judge
from trainer.data.packing import Example
from trainer.evaluation.rivals import in_service, others_in_service

EXAMPLE = Example(message_id="m", tokens=(1, 2), prompt_tokens=1, reply_bytes=1)


def card(account: str, model: Path, **changes: object) -> AdapterCard:
    """Return the card of an approved adapter."""
    fresh = AdapterCard(
        account=account, base_model=str(model), prompt_version=PROMPT_VERSION, method="lora",
        created_at="2026-01-01T00:00:00+00:00", is_approved=True, verdict="",
    )  # fmt: skip
    return replace(fresh, **changes)  # type: ignore[arg-type]


def add(root: Path, account: str, model: Path, learned: tuple[str, ...] = (), **changes: object) -> None:
    """Publish an adapter that holds nothing worth loading."""
    built = root / "built"
    built.mkdir(parents=True)
    (built / "adapter_model.safetensors").write_bytes(b"weights")
    if learned:
        write_learned(built, learned)
    publish(root, built, card(account, model, **changes))


def judge(message_id: str, sent_at: str) -> Judge:
    """Return a mail that judges."""
    return Judge(
        message_id=message_id, sent_at=sent_at, language="en", text="x", plain=EXAMPLE, plain_shown="",
        helped=EXAMPLE, helped_shown="",
    )  # fmt: skip


def test_only_adapters_of_the_same_base_and_prompt_compare(tiny: Path, tmp_path: Path) -> None:
    """The version in service is taken, else the newest approved one; strange or broken ones are left out."""
    for account, changes in [
        ("ben", {}),
        ("ben", {}),
        ("ben", {"is_approved": False}),
        ("eve", {"base_model": "another"}),
        ("joe", {"prompt_version": "0"}),
        ("kim", {"base_revision": "made of something else"}),
        ("lea", {"base_revision": revision(str(tiny))}),
    ]:
        add(tmp_path, account, tiny, **changes)  # type: ignore[arg-type]
    accounts = ["ben", "eve", "joe", "kim", "lea", "nobody"]
    assert list(others_in_service(tmp_path, accounts, str(tiny))) == ["ben@v2", "lea@v1"]
    set_current(tmp_path, "ben", 1)
    assert list(others_in_service(tmp_path, ["ben"], str(tiny))) == ["ben@v1"]
    (tmp_path / "ben" / "v1" / "adapter_model.safetensors").write_bytes(b"broken")
    assert list(others_in_service(tmp_path, ["ben"], str(tiny))) == ["ben@v2"]
    withdraw(tmp_path, "ben", 2, "it was rude")
    assert others_in_service(tmp_path, ["ben"], str(tiny)) == {}


def test_an_adapter_is_no_rival_of_its_own(tiny: Path, tmp_path: Path) -> None:
    """One that is evaluated again has the next one beside it, or none."""
    add(tmp_path, "ben", tiny)
    assert in_service(tmp_path, "ben", str(tiny), but=1) is None
    add(tmp_path, "ben", tiny)
    rival = in_service(tmp_path, "ben", str(tiny), but=2)
    assert rival
    assert rival.card.name == "ben@v1"


def test_a_rival_knows_what_it_learned(tiny: Path, tmp_path: Path) -> None:
    """By its list; one without a list may have seen all that was there before it."""
    add(tmp_path, "ben", tiny, learned=("seen",))
    add(tmp_path, "joe", tiny)
    ben, joe = (in_service(tmp_path, name, str(tiny)) for name in ("ben", "joe"))
    assert ben
    assert joe
    before, after = "2025-12-31T00:00:00+00:00", "2026-01-02T00:00:00+00:00"
    assert [ben.has_seen(judge(name, before)) for name in ("seen", "new")] == [True, False]
    assert [joe.has_seen(judge("any", sent_at)) for sent_at in (before, after)] == [True, False]
