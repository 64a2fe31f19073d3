"""What is not as it should be, though drafts are written: a sentence, and a code for clients of other languages."""

from dataclasses import dataclass

from connectors.reason import Code


class NoticeKind(Code):
    """What a notice says; `about` is what it names. Codes are part of the interface: they never change their meaning.

    A new one needs its words in `extension/words` and `service/addon/sentences.py`; tests say which are missing.
    """

    OTHER_PROMPT = (
        "other-prompt",
        "The adapter `about` is for another version of the prompt, so the base model wrote.",
    )
    OTHER_MODEL = "other-model", "The adapter `about` is for another base model, so the base model wrote."
    ADAPTER_DAMAGED = "adapter-damaged", "The files of the adapter `about` are damaged."
    ADAPTER_WEIGHTS = "adapter-weights", "The adapter `about` has no weights any more."
    ADAPTER_REFUSED = "adapter-refused", "The model server did not take the adapter `about`."
    ADAPTER_METHOD = "adapter-method", "The adapter `about` can only be served merged into the model."
    ADAPTER_MODEL = "adapter-model", "The adapter `about` is for another base model, and does not serve."
    ADAPTER_PROMPT = (
        "adapter-prompt",
        "The adapter `about` is for another version of the prompt, and does not serve.",
    )
    ADAPTER_MODEL_CHANGED = "adapter-model-changed", "The base model changed since the adapter `about` was trained."
    ADAPTER_WAITS = "adapter-waits", "The adapter `about` waits: the model server writes for another account alone."
    ADAPTER_STUCK = (
        "adapter-stuck",
        "The disk keeps other adapters of the account `about` out of service.",
    )
    FORGOTTEN_WRITES = "forgotten-writes", "The adapter `about` learned from mail that was forgotten, and writes on."
    FORGOTTEN_RESTS = "forgotten-rests", "The adapter `about` learned from mail that was forgotten, and does not serve."
    UNTOLD = "untold", "The owner of the account `about` could not be told how a training run ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One of them."""

    kind: NoticeKind
    about: str
    """A name: of an adapter ("ana@v3") or an account."""
    text: str
    """The same in English, with what to do."""
