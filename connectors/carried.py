"""A folder of mail that is carried to another machine to be learned from there: what stands where in it.

`cyrano train --stop-after clean|playback --output DIR` leaves it, `cyrano train --from DIR` takes it up. A person may
read it and change it: a mail's line, its instruction, or whether it is there at all.
"""

import json
from pathlib import Path

from connectors.errors import UsageError

ABOUT = "about.json"
"""Whose mail it is, where it came from, and what was left out of it."""
MAILS = "mails.jsonl"
"""One mail a line, oldest first."""
PLAYED_BACK = "instructions.jsonl"
"""Instructions written on the machine it was carried to; what stands in MAILS wins."""


def carried_account(folder: Path) -> str:
    """Return whose mail a carried folder holds.

    Raises:
        UsageError: it is not such a folder.
    """
    account = _about(folder).get("account")
    if not isinstance(account, str) or not account:
        raise not_carried(folder)
    return account


def is_played_back(folder: Path) -> bool:
    """Tell whether a carried folder has an instruction for every mail. What cannot be read is the trainer's to tell.

    Raises:
        UsageError: it is not such a folder.
    """
    _about(folder)
    try:
        lines = [json.loads(line) for line in (folder / MAILS).read_bytes().split(b"\n") if line.strip()]
    except (OSError, ValueError):
        return True
    return all(not isinstance(line, dict) or line.get("instruction") for line in lines)


def _about(folder: Path) -> dict[str, object]:
    try:
        about = json.loads((folder / ABOUT).read_bytes())
    except (OSError, ValueError) as error:
        raise not_carried(folder) from error
    if not isinstance(about, dict):
        raise not_carried(folder)
    return about


def not_carried(folder: Path) -> UsageError:
    """Return the error for a folder that no run has left."""
    hint = "Make one, where the mail is, with: cyrano train --stop-after playback --output DIR"
    return UsageError(f"{folder} holds no mail to learn from: it has no readable {ABOUT}.", hint=hint)
