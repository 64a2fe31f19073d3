"""Adapters good and bad: really trained on the demo's mail, and asked what a run asks."""

import io
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from connectors.account import AccountRecord
from connectors.adapter import AdapterCard
from connectors.archive import Archive
from connectors.evaluation import ADAPTER, BASE, INCUMBENT, Evaluation
from connectors.gate_settings import GateSettings
from connectors.instruction import Instruction
from connectors.job import TrainJob
from connectors.mbox import MboxAccount
from connectors.message import Address
from connectors.sync import SyncSettings, sync
from connectors.train_settings import TrainSettings
from retrieval.prompt import PROMPT_VERSION
from retrieval.tokens import counter_for
from trainer.data import gather
from trainer.data.examples import Writing
from trainer.data.material import Material
from trainer.data.packing import Example
from trainer.evaluation.arms import Answers, Arm, Exam
from trainer.evaluation.evaluate import NAMES, Answered, Subject, conclude
from trainer.evaluation.rivals import Rival
from trainer.methods import METHODS
from trainer.progress import Progress
from trainer.training.hardware import Arithmetic
from trainer.training.loop import prepare, steps_per_epoch, train
from trainer.training.model import load_model, load_tokenizer
from trainer.training.objective import Replies

DEMO = Path("deploy/demo").resolve()
MODEL = str(DEMO / "model")
OWNERS = {
    "ana": Address(addr="ana@example.org", name="Ana Silva"),
    "ben": Address(addr="ben@example.org", name="Ben Keller"),
}
ARITHMETIC = Arithmetic(device="cpu", dtype=torch.float32)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SETTINGS = TrainSettings(
    learning_rate=4e-3, epochs=3, window=70, holdout=0.15, retrieval_probability=0, precision="fp32", max_tokens=1500,
    save_every_s=3600,
)  # fmt: skip
GATE = GateSettings(drafts=10, draft_tokens=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pupil:
    """An adapter, and what it answered."""

    name: str
    answers: Answers
    row: Mapping[str, float]
    """Its loss of each author's held-out mail."""


@dataclass(slots=True, kw_only=True)
class Lab:
    """An account's material, and all adapters that were trained on it or beside it."""

    account: str
    home: Path
    material: Material
    tokenizer: PreTrainedTokenizerBase
    pupils: dict[str, Pupil] = field(default_factory=dict)

    @property
    def exam(self) -> Exam:
        """What every adapter is asked."""
        judges = self.material.judges
        return Exam(
            authors=self.material.measures, judges=judges, drafted=min(GATE.drafts, len(judges)),
            draft_tokens=GATE.draft_tokens, canaries=self.material.canaries, tokenizer=self.tokenizer,
            arithmetic=ARITHMETIC, batch_size=8,
        )  # fmt: skip

    @property
    def examples(self) -> list[Example]:
        """What a run learns from: the mails and the planted secrets."""
        return [*self.material.learned, *(canary.example for canary in self.material.canaries)]

    def ask(self, name: str, adapter: Path) -> Pupil:
        """Ask a saved adapter; each name once."""
        if name not in self.pupils:
            self.pupils[name] = self._ask(name, METHODS["lora"].load(_load(), adapter))
        return self.pupils[name]

    def judge(self, candidate: Pupil, incumbent: Pupil | None = None, *, mails: int | None = None) -> Evaluation:
        """Evaluate an adapter beside another, by all mails that judge or by the newest of them."""
        if BASE not in self.pupils:
            self.pupils[BASE] = self._ask(BASE, _load())
        base = self.pupils[BASE]
        exam = self._exam_of(mails)
        writers = {"base": base, "this": candidate} | ({incumbent.name: incumbent} if incumbent else {})
        arms = {BASE: base, ADAPTER: candidate} | ({INCUMBENT: incumbent} if incumbent else {})
        answered = Answered(
            scores={name: {column: each.row[name] for column, each in writers.items()} for name in exam.authors},
            arms={
                name: _newest(arm, exam)
                for of, each in arms.items()
                for name, arm in ((of, each.answers.plain), (NAMES[of], each.answers.helped))
            },
            known={of: each.answers.known for of, each in arms.items() if each.answers.known},
        )
        subject = Subject(
            account=self.account, name=candidate.name, base_model=MODEL, model=nn.Identity(), load=_load,
            incumbent=_rival(self.account, incumbent.name) if incumbent else None,
        )  # fmt: skip
        return conclude(subject, exam, answered, self.material.voices, GATE, now=NOW)

    def _exam_of(self, mails: int | None) -> Exam:
        exam = self.exam
        judges = exam.judges if mails is None else exam.judges[-mails:]
        return replace(exam, judges=judges, drafted=min(exam.drafted, len(judges)))

    def _ask(self, name: str, model: nn.Module) -> Pupil:
        return Pupil(
            name=name,
            answers=self.exam.ask(model, name, _tell_nobody),
            row=self.exam.row(model, name, _tell_nobody),
        )


def open_labs(home: Path) -> tuple[Lab, Lab]:
    """Bring in the demo's mail and make Ana's and Ben's material, as a run does."""
    url = f"sqlite:///{home}/cyrano.db"
    with Archive.open(url) as archive:
        for account, owner in OWNERS.items():
            _bring_in(archive, account, owner)
    ana, ben = (_lab(account, home, url) for account in OWNERS)
    return ana, ben


def teach(examples: Sequence[Example], folder: Path, **changes: Any) -> Path:
    """Train an adapter on some examples, whatever comes of it: no held-out mail chooses a better epoch here."""
    settings = SETTINGS.model_copy(update=changes)
    folder.mkdir(parents=True)
    torch.manual_seed(settings.seed)
    model = METHODS["lora"].wrap(_load(), settings)
    total = steps_per_epoch(len(examples), settings) * settings.epochs
    training = prepare(model, Replies(), settings, arithmetic=ARITHMETIC, total=total)
    train(training, examples, examples[:1], folder=folder, report=lambda *_: None)
    METHODS["lora"].save(model, folder / "saved")
    return folder / "saved"


def in_another_language(examples: Sequence[Example], others: Sequence[Example]) -> list[Example]:
    """Return what was asked in some examples, answered as in others, one after the other."""
    return [
        replace(
            asked,
            tokens=(*asked.tokens[: asked.prompt_tokens], *other.tokens[other.prompt_tokens :]),
            reply_bytes=other.reply_bytes,
        )
        for asked, other in zip(examples, itertools.cycle(others), strict=False)
    ]


def _bring_in(archive: Archive, account: str, owner: Address) -> None:
    record = AccountRecord(
        name=account, kind="mbox", owner=owner, addresses=frozenset({owner.addr}),
        settings={"path": str(DEMO / "mailbox" / f"{account}.mbox")},
    )  # fmt: skip
    archive.add_account(record)
    sync(MboxAccount(record), archive, SyncSettings(), lambda *_: None)
    rows = map(json.loads, (DEMO / "playback" / f"{account}.jsonl").read_text(encoding="utf-8").splitlines())
    given = [Instruction(message_id=row["message_id"], text=row["instruction"], source="given") for row in rows]
    archive.store_instructions(account, "", "", given)


def _lab(account: str, home: Path, url: str) -> Lab:
    job = TrainJob(
        run=f"{account}-lab", account=account, home=home, archive_url=url, model=MODEL, prompt_budget=1200,
        settings=SETTINGS, gate=GATE, adapters=home / "adapters",
    )  # fmt: skip
    tokenizer, folder = load_tokenizer(MODEL), home / f"run-{account}"
    folder.mkdir()
    writing = Writing(
        tokenizer=tokenizer, count=counter_for(MODEL), prompt_budget=job.prompt_budget,
        max_tokens=SETTINGS.max_tokens,
    )  # fmt: skip
    with gather.open_source(job) as source:
        material = gather.gather(source, job, writing, folder, writer=None, say=Progress(io.StringIO()))
    return Lab(account=account, home=home, material=material, tokenizer=tokenizer)


def _load() -> nn.Module:
    return load_model(MODEL, ARITHMETIC.dtype, ARITHMETIC.device)


def _newest(arm: Arm, exam: Exam) -> Arm:
    """Return what was said to the newest mails alone."""
    return Arm(losses=arm.losses[-len(exam.judges) :], drafts=arm.drafts[-exam.drafted :])


def _rival(account: str, name: str) -> Rival:
    card = AdapterCard(
        account=account, version=1, base_model=MODEL, prompt_version=PROMPT_VERSION, created_at=NOW.isoformat(),
        is_approved=True, method="lora", serving="lora", verdict="", data={}, config={"name": name}, scores={},
    )  # fmt: skip
    return Rival(card=card, path=Path(), root=Path())


def _tell_nobody(_note: str) -> None:
    """Tell nobody what was done."""
