"""The stage that learns: a model from its folder to its best weights, in one process or in several."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from trainer.asking import Asking
from trainer.data.material import Material
from trainer.data.packing import Example
from trainer.data.pairs import Pair
from trainer.methods import METHODS, count_trainable
from trainer.progress import Progress as Say
from trainer.room import need_room, room_for, room_of, where_to_measure
from trainer.training.batch_size import find_batch_size
from trainer.training.checkpoint import Progress
from trainer.training.hardware import Arithmetic, choose_arithmetic, look
from trainer.training.launch import train_in_workers
from trainer.training.loop import prepare, steps_per_epoch, train
from trainer.training.objective import Replies
from trainer.training.preference import Outcome, has_enough, prefer
from trainer.training.prepare import prepare_model
from trainer.training.workers import Alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A trained model, and how it came to be one."""

    model: nn.Module
    arithmetic: Arithmetic
    batch_size: int
    """How many examples went through the model together."""
    progress: Progress
    seconds: float
    preferences: Outcome | None
    """What the stage of preferences did, if there was one."""
    numbers: tuple[int, int]
    """How many numbers were trained, and how many the model has in all."""


def learn(folder: Path, job: TrainJob, material: Material, say: Say) -> Learned:
    """Train a job's model on its material; a run that was stopped goes on from its checkpoint in `folder`.

    Raises:
        CyranoError: the settings cannot be carried out here, the disk is full, or a worker failed.
    """
    settings = job.settings
    arithmetic = choose_arithmetic(settings.precision, look())
    wants_pairs = settings.preference != "off" and has_enough(material.pairs, settings)
    learning = _Learning(
        folder=folder,
        job=job,
        material=material,
        pairs=material.pairs if wants_pairs else (),
        arithmetic=arithmetic,
        objective=Replies(is_packed=settings.packing, way=settings.loss),
    )
    return learning.in_workers(say) if is_spread(settings) else learning.alone(say)


def is_spread(settings: TrainSettings) -> bool:
    """Tell whether a model is trained in processes of their own."""
    return settings.processes > 1 or settings.offload


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learning:
    folder: Path
    job: TrainJob
    material: Material
    pairs: Sequence[Pair]
    """Empty where there is no stage of preferences."""
    arithmetic: Arithmetic
    objective: Replies

    @property
    def validation(self) -> Sequence[Example]:
        return self.material.validation

    def alone(self, say: Say) -> Learned:
        """Train in this process."""
        settings, learned, started = self.job.settings, self.material.taught, time.monotonic()
        self._take_room(say)
        need_room(self.job, learned)
        # Asked before the model lies on the GPU: what is free then is not what it may take.
        fits = room_for(self.job, learned)
        model = self._wrapped(self.arithmetic.device)
        total = steps_per_epoch(len(learned), settings) * settings.epochs
        training = prepare(model, self.objective, settings, arithmetic=self.arithmetic, total=total)
        if settings.batch_size == "auto":
            training = replace(training, batch_size=find_batch_size(training, learned, fits=fits))
        progress = train(training, learned, self.validation, folder=self.folder, report=say.stage("train"))
        preferences = None
        if self.pairs:
            preferences = prefer(
                model, self.pairs, settings, arithmetic=self.arithmetic, folder=self.folder, mails=self.validation,
                batch_size=training.batch_size, report=say.stage("prefer"),
            )  # fmt: skip
        return self._learned(model, training.batch_size, progress, preferences, started)

    def in_workers(self, say: Say) -> Learned:
        """Train in processes of their own, then put what they learned into one model, to be measured and saved."""
        settings, started = self.job.settings, time.monotonic()
        self._take_room(say)
        if self.arithmetic.device == "cuda":
            need_room(self.job, self.material.taught)
        trained = train_in_workers(
            self.folder, self.job, self.material.taught, self.validation, pairs=self.pairs, report=say.stage("train")
        )  # fmt: skip
        model = self._wrapped("cpu")
        Alone().put(model, trained.weights)
        if settings.method == "full":
            # Twice the memory would be needed to measure it in fp32, and it is rounded when it is saved anyway.
            model = model.to(self.arithmetic.dtype)
        arithmetic = replace(self.arithmetic, device=where_to_measure(model, self.arithmetic.device))
        batch_size = settings.step_size // settings.accumulation
        done = self._learned(model.to(arithmetic.device), batch_size, trained.progress, trained.preferred, started)
        return replace(done, arithmetic=arithmetic)

    def _wrapped(self, device: str) -> nn.Module:
        settings = self.job.settings
        model = prepare_model(self.job.model, settings, self.arithmetic, device=device)
        METHODS[settings.method].choose(
            model, settings, self.objective, self.material.taught, self.arithmetic, self.folder
        )
        return model

    def _take_room(self, say: Say) -> None:
        """Ask whoever shares this machine for the memory that it takes, before anything is loaded."""
        Asking(say).room(room_of(self.job, self.material.taught))

    def _learned(
        self, model: nn.Module, batch_size: int, progress: Progress, preferences: Outcome | None, started: float
    ) -> Learned:
        return Learned(
            model=model,
            arithmetic=self.arithmetic,
            batch_size=batch_size,
            progress=progress,
            seconds=time.monotonic() - started,
            preferences=preferences,
            numbers=count_trainable(model),
        )
