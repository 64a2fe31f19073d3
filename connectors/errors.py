"""Every error that reaches a person. Each says what went wrong, and what to do about it.

CyranoError                 exit code 1
├── UsageError              the user asked for what cannot be; exit code 2
│   └── ConfigError         cyrano.toml, an environment variable, a secret
├── AccountError            a mailbox; `permanent` decides whether trying again can help
│   ├── AuthError           the server refused the credentials (permanent)
│   ├── Unreachable         no connection, or a lost one (not permanent)
│   └── FolderError         a folder that should be there is not (permanent)
├── UnreadableMessage       one message; it is quarantined and the sync goes on
├── StoreError              the archive, the index, the ledger, the disk
│   └── StoreBusy           another process holds the embedded stores
├── EngineError             the model server answered with an error
│   ├── EngineDown          it does not answer, or not yet; `retry_after_s` says when to ask again
│   │   └── EngineLost      the connection broke: it ended, or is not there
│   ├── EngineTaken         it serves another account alone
│   └── ModelMissing        the model or adapter named is not there
├── PromptTooLong           what must stand in the prompt does not fit its budget
└── TrainError              a training run could not end well
    └── TooFewMails         not enough usable mail to learn from
"""

from connectors.reason import Reason


class CyranoError(Exception):
    """An error a person can act on: `str(error)` says what went wrong, `hint` what to do.

    `reason` says it to programs, where the class does not; `about` is what the reason names.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", reason: Reason | None = None, about: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.reason = reason
        self.about = about


class UsageError(CyranoError):
    """The command, or a value given to it, cannot be carried out as asked."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration file, an environment variable or a secret is wrong or missing."""


class AccountError(CyranoError):
    """A mailbox could not be read or written."""

    permanent = False


class AuthError(AccountError):
    """The server refused the credentials."""

    permanent = True


class Unreachable(AccountError):
    """The server could not be reached, or the connection was lost."""


class FolderError(AccountError):
    """A folder that should be there is not."""

    permanent = True


class UnreadableMessage(CyranoError):
    """A message that cannot be parsed; it goes to quarantine."""


class StoreError(CyranoError):
    """The archive, the index or the disk under them failed."""


class StoreBusy(StoreError):
    """Another process holds the embedded stores."""


class EngineError(CyranoError):
    """The model server answered with an error."""


class EngineDown(EngineError):
    """The model server does not answer, or not yet."""

    def __init__(
        self, message: str, *, hint: str = "", retry_after_s: int = 5, reason: Reason | None = None, about: str = ""
    ) -> None:
        super().__init__(message, hint=hint, reason=reason, about=about)
        self.retry_after_s = retry_after_s


class EngineLost(EngineDown):
    """The connection to the model server broke, or there is none: it ended, or was never started."""


class EngineTaken(EngineError):
    """The model server serves another account alone; its owner decides for how long."""


class ModelMissing(EngineError):
    """The model or adapter named is not there."""


class PromptTooLong(CyranoError):
    """What must stand in the prompt does not fit its budget."""


class TrainError(CyranoError):
    """A training run could not end well."""


class TooFewMails(TrainError):
    """There is not enough usable mail to learn from."""
