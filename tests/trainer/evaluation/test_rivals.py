"""Beside which adapters one is measured: those that really write, on the same base model and prompt."""

from dataclasses import replace
from pathlib import Path

from connectors.adapter import LORA, MERGED, AdapterCard, publish, set_current, taint, withdraw, write_learned
from connectors.base_model import revision
from retrieval.prompt import PROMPT_VERSION
from trainer.data.judging import Judge
from trainer.data.packing import Example
from trainer.evaluation.rivals import Served

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


def served(root: Path, model: Path, serving: str = LORA) -> Served:
    """Return the adapters of a home."""
    return Served(root=root, base_model=str(model), serving=serving)


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
    assert list(served(tmp_path, tiny).by_others(accounts)) == ["ben@v2", "lea@v1"]
    set_current(tmp_path, "ben", 1)
    assert list(served(tmp_path, tiny).by_others(["ben"])) == ["ben@v1"]
    (tmp_path / "ben" / "v1" / "adapter_model.safetensors").write_bytes(b"broken")
    assert list(served(tmp_path, tiny).by_others(["ben"])) == ["ben@v2"]
    withdraw(tmp_path, "ben", 2, "it was rude")
    assert served(tmp_path, tiny).by_others(["ben"]) == {}


def test_an_adapter_is_no_rival_of_its_own(tiny: Path, tmp_path: Path) -> None:
    """The one that writes has none: its predecessor writes nothing any more. Another has the one that writes."""
    add(tmp_path, "ben", tiny)
    add(tmp_path, "ben", tiny)
    here = served(tmp_path, tiny)
    assert here.by("ben", but=2) is None
    set_current(tmp_path, "ben", 2)
    assert here.by("ben", but=2) is None
    rival = here.by("ben", but=1)
    assert rival
    assert rival.card.name == "ben@v2"


def test_only_what_may_write_is_a_rival(tiny: Path, tmp_path: Path) -> None:
    """Not what learned from forgotten mail, what its owner took out of service, or what cannot be served so."""
    for account in ("ben", "joe", "kim"):
        add(tmp_path, account, tiny)
        add(tmp_path, account, tiny, serving=MERGED if account == "kim" else LORA)
        set_current(tmp_path, account, 2)
    taint(tmp_path, "ben", 2)
    withdraw(tmp_path, "joe", 2, "it was rude")
    names = ["ben", "joe", "kim"]
    assert list(served(tmp_path, tiny).by_others(names)) == ["ben@v1", "joe@v1", "kim@v1"]
    assert list(served(tmp_path, tiny, MERGED).by_others(names)) == ["ben@v1", "joe@v1", "kim@v2"]
    taint(tmp_path, "ben", 1)
    assert served(tmp_path, tiny).by("ben") is None


def test_a_rival_knows_what_it_learned(tiny: Path, tmp_path: Path) -> None:
    """By its list; one without a list, or with one of some, may have seen all that was there before it."""
    add(tmp_path, "ben", tiny, learned=("seen",), data={"learned": 1, "validation": 0})
    add(tmp_path, "joe", tiny)
    ben, joe = (served(tmp_path, tiny).by(name) for name in ("ben", "joe"))
    assert ben
    assert joe
    before, after = "2025-12-31T00:00:00+00:00", "2026-01-02T00:00:00+00:00"
    assert [ben.has_seen(judge(name, before)) for name in ("seen", "new")] == [True, False]
    assert [joe.has_seen(judge("any", sent_at)) for sent_at in (before, after)] == [True, False]
    add(tmp_path, "old", tiny, learned=("seen",), data={"learned": 1})
    old = served(tmp_path, tiny).by("old")
    assert old
    assert [old.has_seen(judge("chose its epoch", sent_at)) for sent_at in (before, after)] == [True, False]
    assert old.has_seen(judge("seen", after))
