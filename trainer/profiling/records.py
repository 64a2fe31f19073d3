"""What a cell is ordered to do and what came of it: the two files that parent and child exchange."""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, ValidationError

from connectors.train_settings import TrainSettings

Task = Literal["machine", "train", "generate", "learn"]
Status = Literal["ok", "out of memory", "failed"]


class Order(BaseModel):
    """One cell. All that its numbers depend on stands here, so that equal orders need not be carried out twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Task
    """Look at the machine, measure training, measure generation, or learn for a while and write."""
    model: str
    is_random: bool = False
    settings: TrainSettings = TrainSettings()
    is_trained: bool = True
    """For `learn`: whether there is any training, or the base model is measured as it is."""
    steps: int = 1
    warmup_steps: int = 0
    generation_tokens: PositiveInt = 1
    memory_gib: PositiveFloat | None = None
    material: str = ""
    """Digest of the examples, which lie beside the cells."""

    @property
    def key(self) -> str:
        """The name of the cell's folder."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class Memory(BaseModel):
    """Bytes held by tensors: what stays through a step, by its purpose, and the peak of a step."""

    model_config = ConfigDict(frozen=True)

    parameters: int
    """The model's own, trained or not."""
    adapter: int
    gradients: int
    optimiser: int
    activations: int
    """What the largest batch of a step adds on its way forward, measured by itself: activations, the loss, and what
    operations need for themselves. Gradients are not all there when it is held, so these do not add up to the peak."""
    peak: int
    planned: int | None = None
    """The peak as the planner foresaw it."""


class Speed(BaseModel):
    """How quickly steps went."""

    model_config = ConfigDict(frozen=True)

    step_s: float
    """Seconds of a step, the median."""
    timed_s: float
    """Seconds of all steps that were timed."""
    steps: int
    """How many these were."""
    step_tokens: float
    """Tokens of one of them, the mean, without filling."""
    step_flops: float
    """Operations that its tokens need, the mean; what checkpointing computes twice counts once."""

    @property
    def tokens_per_s(self) -> float:
        """Tokens that went through the model and back in a second, over all steps that were timed."""
        return self.step_tokens * self.steps / self.timed_s

    @property
    def flops_per_s(self) -> float:
        """Operations per second, likewise."""
        return self.step_flops * self.steps / self.timed_s


class Training(BaseModel):
    """What measuring some steps of training gave."""

    model_config = ConfigDict(frozen=True)

    precision: str
    batch_size: int
    devices: int = 1
    """How many devices took part whose speed is known one by one: GPUs; the processor is one, whoever works on it."""
    parameters: int
    """How many numbers the model has, the adapter's included."""
    trained: int
    memory: Memory
    speed: Speed
    loss_before: float
    """Held-out loss in nats per byte."""
    loss_after: float


class Generation(BaseModel):
    """What writing the same text twice gave, in tokens per second."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: int
    tokens: int
    cached_per_s: float
    uncached_per_s: float
    is_same: bool
    """Whether both ways wrote the same; rounding may part them where two words are all but equally likely."""


class Learning(BaseModel):
    """What a short training came to."""

    model_config = ConfigDict(frozen=True)

    perplexity: float
    """Of the replies held out, per token."""
    trained: int
    seconds: float
    written: tuple[str, ...]
    """What the model writes to each prompt."""


class Machine(BaseModel):
    """Where all this was measured."""

    model_config = ConfigDict(frozen=True)

    device: str
    is_gpu: bool
    memory_bytes: int
    system: str
    versions: dict[str, str]
    flops: dict[str, float]
    """Operations per second by number format: as the maker says, or of a large product that was timed."""
    is_measured: bool
    """Whether they were timed here."""


class Outcome(BaseModel):
    """How a cell ended."""

    model_config = ConfigDict(frozen=True)

    status: Status = "ok"
    reason: str = ""
    training: Training | None = None
    generation: Generation | None = None
    learning: Learning | None = None
    machine: Machine | None = None


ORDER, OUTCOME, MATERIAL = "order.json", "outcome.json", "material.json"


def read_outcome(folder: Path) -> Outcome | None:
    """Return how a cell ended, or None where it has not, or an earlier version wrote it down in another form."""
    try:
        return Outcome.model_validate_json((folder / OUTCOME).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
