"""The section `[train]`: how an adapter is trained."""

from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

Switch = Literal["auto", "on", "off"]

PANZA_BATCH = 8
"""Examples of a step where nothing else is said."""


class TrainSettings(BaseModel):
    """How an adapter is trained. The section `[train]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["lora", "rosa", "full"] = "lora"
    """What is trained: small matrices beside the model's own (lora), these and some of the model's own numbers (rosa),
    or the whole model (full). The engine serves lora beside others; rosa and full need an engine of their own."""
    variant: Literal["plain", "dora", "rslora"] = "plain"
    """LoRA's: plain, dora (direction and length apart), or rslora (scaled by the root of the rank)."""
    quantisation: Literal["none", "int8", "nf4"] = "none"
    """How the frozen weights are kept while lora trains: as they are, in 8 bits, or in 4 (nf4, "QLoRA")."""
    rank: PositiveInt = 16
    """How much an adapter can hold; the engine must be told the largest one it will meet."""
    alpha: PositiveFloat = 32
    """How strongly the adapter speaks: its output is scaled by alpha / rank."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    targets: str | tuple[str, ...] = "all-linear"
    """Which layers get an adapter: "all-linear", or the ends of their names, such as ["q_proj", "v_proj"]."""
    density: float = Field(default=0.01, gt=0, le=1)
    """Share of each layer's own numbers that rosa trains."""
    mask_batches: PositiveInt = 4
    """Batches whose gradients choose these numbers."""
    as_lora: NonNegativeInt = 0
    """Rank of the LoRA that what rosa, dora or full learned is published as, so that the engine serves it beside
    others; 0 publishes it as it is. What this loses is measured and told."""
    learning_rate: PositiveFloat = 2e-4
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after its rise."""
    warmup: NonNegativeFloat = 0.06
    """Steps in which the learning rate rises to its full height; below 1 it is their share of all steps."""
    epochs: PositiveInt = 3
    patience: NonNegativeInt = 0
    """Stop after so many epochs without a better held-out loss; 0 takes them all. The best epoch is kept either way."""
    batch_size: PositiveInt | Literal["auto"] = 8
    """Examples that go through the model together: more is faster, and takes more memory. "auto" takes as many as fit
    of the 8 x accumulation that make a step then."""
    accumulation: PositiveInt = 1
    """Batches that make one step; batch_size 2 with accumulation 4 gives the result of batch_size 8."""
    packing: bool = True
    """Whether short examples share a row; without, each is filled up to the longest."""
    optimiser: Literal["adamw", "adamw_8bit", "paged_adamw_8bit"] = "adamw"
    """adamw_8bit keeps its state in a quarter of the memory; paged_adamw_8bit lets it flow over into the machine's."""
    weight_decay: NonNegativeFloat = 0.0
    max_gradient: PositiveFloat = 1.0
    """Longer gradients are shortened to this length."""
    max_tokens: PositiveInt = 2048
    """Longest example, prompt and reply together; the model's own limit counts too."""
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    """Number format of the arithmetic; auto goes by the hardware and the size of the model."""
    checkpointing: Switch = "auto"
    """Whether activations are computed again instead of kept: a third slower, far less memory."""
    loss: Literal["auto", "plain", "chunked", "liger"] = "auto"
    """How the loss is computed: at once, some tokens at a time (less memory), or by Liger's kernel on a GPU."""
    compile: Switch = "auto"
    """Whether the model is compiled first: a slow start, faster steps after; auto does on GPUs for long runs."""
    processes: PositiveInt = 1
    """Over how many GPUs the model is spread."""
    offload: bool = False
    """Whether weights, gradients and the optimiser's state lie in the machine's memory while no GPU needs them."""
    preference: Literal["off", "dpo"] = "off"
    """A last stage that learns from drafts you changed: rather what you sent than what was drafted."""
    preference_epochs: PositiveInt = 1
    preference_rate: PositiveFloat = 5e-6
    """The learning rate of that stage."""
    preference_beta: PositiveFloat = 0.1
    """How far that stage may move: a higher value holds it nearer to where it began."""
    min_pairs: PositiveInt = 16
    """With fewer changed drafts than this there is no such stage."""
    holdout: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the mails, from the newest threads, that only judge the result."""
    validation: float = Field(default=0.05, gt=0, lt=0.5)
    """Share of the mails, from the threads before these, that choose the best epoch."""
    window: PositiveInt = 1000
    """How many of the newest mails are learned from; below 128 a model learns them by heart rather than their voice."""
    min_mails: int = Field(default=20, ge=8)
    """With fewer mails than this nothing is trained."""
    thread_messages: PositiveInt = 2
    """How many of the last messages of a thread an example shows."""
    retrieval_probability: float = Field(default=0.55, ge=0, le=1)
    """Share of the examples that show retrieved mail, as drafting does when it finds some."""
    retrieval_count: NonNegativeInt = 2
    """How many retrieved mails such an example shows at most."""
    drop_instruction: float = Field(default=0.1, ge=0, le=1)
    """Share of the replies that are learned from the thread alone."""
    playback_concurrency: PositiveInt = 8
    """Questions the engine is asked at once while it writes instructions."""
    save_every_s: NonNegativeFloat = 60.0
    """Seconds between checkpoints; a run that was killed goes on from the last one."""
    seed: int = 0

    @model_validator(mode="after")
    def _is_possible(self) -> "TrainSettings":
        if self.method != "lora" and self.quantisation != "none":
            msg = (
                f"{self.method} changes the model's own numbers and cannot train them in {self.quantisation}: use lora"
            )
            raise ValueError(msg)
        if self.method != "lora" and self.variant != "plain":
            raise ValueError(f"variant = {self.variant!r} is a form of lora, not of {self.method}")
        if self.as_lora and self.method == "lora" and self.variant != "dora":
            raise ValueError("as_lora is for rosa, dora and full: what lora learns is LoRA already, of the rank `rank`")
        return self

    @property
    def step_size(self) -> int:
        """How many examples make one step."""
        return (PANZA_BATCH if self.batch_size == "auto" else self.batch_size) * self.accumulation
