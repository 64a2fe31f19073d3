"""What exactly went wrong, in a short code: for clients that say it in a language of their own.

An error's class chooses the status and the type of a problem (`service/problems.py`). A reason tells apart what one
class stands for, where whoever asked for a draft can meet it. Codes are part of the interface: they never change their
meaning. A new one needs its words in `extension/words` and `service/addon/sentences.py`; tests say which are missing.
"""

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """A short code, with what it means."""

    means: str

    def __new__(cls, code: str, means: str) -> Self:
        """Make a member."""
        made = str.__new__(cls, code)
        made._value_ = code
        made.means = means
        return made

    @classmethod
    def described(cls) -> str:
        """Return all codes with what they mean, for the interface's description."""
        return " ".join(f'"{code.value}": {code.means}' for code in cls)


class Reason(Code):
    """Why a draft could not be written. An error's `about` is what the description names, where it names something."""

    RESTS = "rests", "The model server makes room for a training run."
    CHANGES = "changes", "The model server is about to serve another adapter."
    MAKES_WAY = (
        "makes-way",
        "The adapter in service, `about`, learned from mail that was forgotten.",
    )
    LOST = "lost", "No model server answers."
    STARTS = "starts", "The model server is starting, or starting again."
    BROKE_DOWN = "broke-down", "The model server ended, and starts again."
    EMPTY = "empty", "The model server has no model."
    SLOW = "slow", "The model server did not answer in time."
    CROWDED = "crowded", "The model server has too much to do."
    CUT_OFF = "cut-off", "The model server stopped in the middle of a draft."
    TAKEN = "taken", "The model server writes for another account alone."
    SILENT = "silent", "The model wrote nothing."
    TOO_LONG = "too-long", "The model server can read less than the prompt may hold."
    KEY = "key", "The model server refused the key."
    NOT_AN_ENGINE = "not-an-engine", "What answers where the model server should be is none."
    WRONG_WRITER = "wrong-writer", "Another adapter answered than the one that was asked."
    NO_EMBEDDER = "no-embedder", "The model that finds mail, `about`, is not on this machine."
    NOTHING_ASKED = "nothing-asked", "There is neither an instruction nor a thread to answer."
    UNKNOWN_DRAFT = "unknown-draft", "The draft that is to be changed is not known, or not any more."
    MAIL_TOO_LARGE = "mail-too-large", "The open mail is larger than the add-on reads."
    MAIL_GONE = "mail-gone", "The open mail is not there any more."
    NO_CONSENT = "no-consent", "Gmail does not let the add-on read the open mail."
    NO_GMAIL = "no-gmail", "Gmail does not hand over the open mail now."
