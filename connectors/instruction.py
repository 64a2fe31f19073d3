"""The words that would have led to a mail."""

from dataclasses import dataclass

GIVEN = "given"
"""The source of instructions that a person wrote: they serve every prompt version and model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """The words that would have led to a mail, and where they came from: "model", "extract" or "given"."""

    message_id: str
    text: str
    source: str
    asked: str = ""
    """A digest of the question that it answers, where a model was asked."""
