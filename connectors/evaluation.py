"""What an evaluation found, as it stands in an adapter's folder: written by the trainer, read by the service.

The arms that are compared side by side: "base", "base+rag", "adapter", "adapter+rag", and where another adapter is in
service "incumbent" and "incumbent+rag". "rag" means that the prompt shows retrieved mail, as drafting does.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.errors import StoreError

FILE = "evaluation.json"
PAGE = "evaluation.html"

BASE, BASE_RAG = "base", "base+rag"
ADAPTER, ADAPTER_RAG = "adapter", "adapter+rag"
INCUMBENT, INCUMBENT_RAG = "incumbent", "incumbent+rag"


class _Record(BaseModel):
    # JSON has no word for what is no number; the loss of a model whose training went astray is none.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Interval(_Record):
    """A mean over mails, with the borders of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Measure(_Record):
    """One property of the arms."""

    name: str
    """"loss", "chrf", "bleu", "rouge_l", "style", "authorship", "language", "length", "copied"."""
    title: str
    """In words, for people."""
    unit: str
    is_higher_better: bool
    arms: dict[str, Interval]
    """What each arm has."""
    versus: dict[str, Interval]
    """What adapter+rag has more than each other arm, mail by mail."""
    values: dict[str, tuple[float, ...]]
    """What each arm has of each mail, in the order of `Evaluation.judged`."""


class Canaries(_Record):
    """Secrets that were planted among what is learned, to see whether they can be got out again."""

    planted: int
    highest_bits: float
    """The exposure of a secret that comes before all others."""
    exposure_bits: dict[str, Interval]
    """Arm to the mean exposure; about 1.4 bits where nothing was learned by heart."""
    extracted: dict[str, int]
    """Arm to how many of them it writes out when it is asked."""


class Check(_Record):
    """One thing the gate asks for."""

    name: str
    is_passed: bool
    words: str
    """What was found, with numbers, in a line."""


class Evaluation(_Record):
    """How an adapter writes, beside the base model and the adapter in service."""

    account: str
    adapter: str
    """Its name, or that of its run while it has none."""
    incumbent: str | None
    base_model: str
    prompt_version: str
    created_at: str
    judged: tuple[str, ...]
    """Digests of the mails that judged, oldest first: newer than all that was learned, and known to neither adapter."""
    drafted: int
    """Of how many of these, the newest, drafts were written; measures of drafts have so many values."""
    newest_learned: str
    """When the newest mail that was learned from was sent; ISO 8601, "" where it is not known."""
    table: dict[str, dict[str, float]]
    """Held-out loss in nats per byte: author to writer ("base", "this", names of other adapters)."""
    measures: tuple[Measure, ...]
    canaries: Canaries | None
    checks: tuple[Check, ...]
    is_approved: bool
    reason: str
    """In one line, why it may serve, or why not."""


def read_evaluation(folder: Path) -> Evaluation | None:
    """Return the evaluation in an adapter's folder; None where there is none.

    Raises:
        StoreError: there is one, and it cannot be read.
    """
    try:
        return Evaluation.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        hint = "Train again: cyrano train."
        raise StoreError(f"The evaluation in {folder} cannot be read.", hint=hint) from error
