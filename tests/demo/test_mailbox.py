"""The demo: what is committed is what its scripts write, and the model takes the prompts that serving makes."""

import json
import mailbox
from pathlib import Path

import pytest

from connectors.message import Address
from deploy.demo.make_mailbox import HERE, files
from retrieval.prompt import Request, build_prompt

OWNERS = ("ana", "ben")
MODEL = HERE / "model"


def _playback(owner: str) -> dict[str, str]:
    rows = map(json.loads, (HERE / "playback" / f"{owner}.jsonl").read_text(encoding="utf-8").splitlines())
    return {row["message_id"]: row["instruction"] for row in rows}


def _sent(owner: str) -> list[str]:
    box = mailbox.mbox(HERE / "mailbox" / f"{owner}.mbox", create=False)
    return [str(mail["Message-ID"]).strip("<>") for mail in box if f"{owner}@example.org" in str(mail["From"])]


def test_committed_files_are_what_the_script_writes() -> None:
    """Whoever changes a phrase and forgets to write the mailbox again is told so."""
    stale = [path for path, content in files().items() if (HERE / path).read_bytes() != content]

    assert stale == []


def test_same_seed_gives_same_bytes() -> None:
    """Nothing in the mailbox hangs on the clock, on hashing or on dice without a seed."""
    assert files() == files()


@pytest.mark.parametrize("owner", OWNERS)
def test_each_owner_sent_enough_to_learn_from(owner: str) -> None:
    """More than 200 mails have an instruction, so that 150 are left when cleaning and holding out took theirs."""
    assert len(_playback(owner)) > 200


@pytest.mark.parametrize("owner", OWNERS)
def test_every_instruction_names_a_sent_mail(owner: str) -> None:
    """Playback and mailbox fit together, and no instruction is empty."""
    playback = _playback(owner)

    assert set(playback) <= set(_sent(owner))
    assert all(playback.values())


@pytest.mark.parametrize("owner", OWNERS)
def test_one_mail_lies_there_twice(owner: str) -> None:
    """The mailbox shows off what cleaning does, duplicates among it."""
    sent = _sent(owner)

    assert len(sent) == len(set(sent)) + 1


def test_mail_waits_for_an_answer() -> None:
    """The watcher finds at least 24 mails, each with an id of its own."""
    raw = [path.read_bytes() for path in sorted((HERE / "mailbox" / "incoming").glob("*.eml"))]
    ids = {line for mail in raw for line in mail.splitlines() if line.startswith(b"Message-ID:")}

    assert len(raw) >= 24
    assert len(ids) == len(raw)


def test_model_is_small() -> None:
    """The model travels with the repository: under 10 MB, tokenizer included."""
    assert sum(path.stat().st_size for path in MODEL.rglob("*")) < 10_000_000


@pytest.mark.parametrize("revised", ["", "Lieber Jürgen, die Rechnung 2041 ist bezahlt."])
def test_tokenizer_renders_a_prompt_and_reads_it_back(revised: str) -> None:
    """The chat template takes the messages of `build_prompt`, ends where the answer begins, and loses no letter.

    So do those that change a draft.
    """
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(Path(MODEL))
    request = Request(
        account="ana",
        owner=Address(addr="ana@example.org", name="Ana Silva"),
        instruction="Sag Jürgen, dass die Rechnung 2041 bezahlt ist ✓",
        recipients=(Address(addr="j@example.net", name="Jürgen Groß"),),
        revised=revised,
    )
    messages = [dict(message) for message in build_prompt(request, (), budget=1000, count=len).messages]

    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)

    assert text.endswith("✓</s><|assistant|>")
    assert text.count("<|assistant|>") == 1 + bool(revised)
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
