"""Mail in a folder: written where the mail is, read where the GPU is, and open to a person's eyes and hands between.

The rules this module keeps:
1. The folder appears whole or not at all, and never takes the place of one that is there: it may hold somebody's work.
2. Nobody but its owner may read it: it is mail.
3. What a person changed in it wins over all that was written by a program.
4. It holds the mail of one account, and none of the others'.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.carried import ABOUT, MAILS, PLAYED_BACK, not_carried
from connectors.errors import UsageError
from connectors.instruction import Instruction
from connectors.message import Address
from trainer.data.lines import Line, line_of, read_line
from trainer.data.source import EMPTY, OLDER, Chosen, MailSource, SentMail
from trainer.data.threads import by_age
from trainer.files import disk_errors, write_whole
from trainer.pages.page import write_page
from trainer.pages.records import Page

TAKEN_OUT = "taken out of the folder"


class About(BaseModel):
    """Where a carried folder came from. Times are UTC."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    account: str
    owner_addr: str
    owner_name: str = ""
    run: str
    """The run that left it."""
    made_at: datetime
    stopped_after: str
    playback_version: str
    """The version of the words in which the instructions were asked for."""
    model: str
    """What wrote them, by its name."""
    mails: int
    """How many it held when it was written."""
    left_out: dict[str, int]
    """How many mails are not in it, and why."""
    counts: dict[str, Any] = {}
    """What was reported then."""


class CarriedSource:
    """The mail in a folder that was carried here."""

    def __init__(self, folder: Path) -> None:
        """Read a folder.

        Raises:
            UsageError: it is not such a folder, or a line in it is broken.
        """
        self._folder = folder
        self.about = read_about(folder)
        self._lines = _read_lines(folder / MAILS)
        self.account = self.about.account
        self.owner = Address(addr=self.about.owner_addr, name=self.about.owner_name)

    def need(self, account: str) -> None:
        """See to it that it is this account's mail.

        Raises:
            UsageError: it is another's.
        """
        if account != self.account:
            hint = f"Leave out --account, or say: --account {self.account}"
            raise UsageError(f"{self._folder} holds mail of {self.account}, not of {account}.", hint=hint)

    def choose(self, window: int) -> Chosen:
        """Return the newest mails, `window` at most."""
        mails = sorted((line.mail() for line in self._lines), key=lambda mail: by_age(mail.email))
        reasons = {mail.email.message_id: EMPTY for mail in mails if not mail.email.text}
        usable = [mail for mail in mails if mail.email.text]
        newest = usable[-window:]
        reasons |= {mail.email.message_id: OLDER for mail in usable[: -len(newest)] if newest}
        left_out = Counter(self.about.left_out) + Counter(reasons.values())
        left_out[TAKEN_OUT] = self.about.mails - len(mails)
        return Chosen(mails=tuple(newest), left_out=+left_out, reasons=reasons)

    def others(self) -> Iterator[MailSource]:
        """Yield nothing: the others' mail stayed where it was."""
        return iter(())

    def instructions(self, account: str, prompt_version: str, model: str) -> dict[str, Instruction]:
        """Return those carried along, whatever wrote them, and those written here for this version and model."""
        self.need(account)
        written = {
            row["message_id"]: Instruction(
                message_id=row["message_id"], text=row["text"], source=row["source"], asked=row.get("asked", "")
            )
            for row in self._written_here()
            if (row["prompt_version"], row["model"]) == (prompt_version, model)
        }
        return written | {each.message_id: each for line in self._lines if (each := line.known())}

    def store_instructions(
        self, account: str, prompt_version: str, model: str, instructions: Sequence[Instruction]
    ) -> None:
        """Keep instructions in a file of their own: the mails' is a person's to change meanwhile."""
        self.need(account)
        rows = {(row["message_id"], row["prompt_version"], row["model"]): row for row in self._written_here()}
        for each in instructions:
            rows[each.message_id, prompt_version, model] = {
                "message_id": each.message_id,
                "prompt_version": prompt_version,
                "model": model,
                "text": each.text,
                "source": each.source,
                "asked": each.asked,
            }
        write_private(self._folder / PLAYED_BACK, json_lines(rows.values()))

    def _written_here(self) -> list[dict[str, str]]:
        path = self._folder / PLAYED_BACK
        if not path.exists():
            return []
        try:
            return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
        except ValueError as error:
            hint = "Delete it: the instructions are written again."
            raise UsageError(f"{path} cannot be read.", hint=hint) from error


def read_about(folder: Path) -> About:
    """Read where a carried folder came from.

    Raises:
        UsageError: it is not such a folder.
    """
    try:
        return About.model_validate_json((folder / ABOUT).read_bytes())
    except (OSError, ValidationError) as error:
        raise not_carried(folder) from error


def need_free(folder: Path, run: str) -> bool:
    """See to it that a folder can be written there; return whether this run has written it already.

    Raises:
        UsageError: something else is there.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        if read_about(folder).run == run:
            return True
    except UsageError:
        pass
    hint = "Choose another folder, or move that one away: what you changed in it would be lost."
    raise UsageError(f"{folder} is there already.", hint=hint)


def write_folder(
    folder: Path, about: About, mails: Sequence[SentMail], known: dict[str, Instruction], page: Page
) -> None:
    """Write a folder to be carried.

    Raises:
        StoreError: the disk is full or not writable; nothing half-written stays.
    """
    fresh = folder.with_name(f".{folder.name}.new")
    with disk_errors(f"{folder} could not be written"):
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            fresh.mkdir(mode=0o700, parents=True)
            write_private(fresh / MAILS, json_lines(line_of(mail, known.get(mail.email.message_id)) for mail in mails))
            write_private(fresh / ABOUT, about.model_dump_json(indent=2).encode() + b"\n")
            write_page(fresh, page)
            for path in fresh.iterdir():
                path.chmod(0o600)
            fresh.replace(folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as JSON lines."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody but its owner may read, whole or not at all.

    Raises:
        StoreError: the disk is full or not writable.
    """

    def write(file: BinaryIO) -> None:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)

    write_whole(path, write)


def _read_lines(path: Path) -> list[Line]:
    try:
        # By bytes: to text, a line may end at characters that JSON allows within one.
        rows = enumerate(path.read_bytes().split(b"\n"), 1)
    except OSError as error:
        raise not_carried(path.parent) from error
    found: dict[str, int] = {}
    lines = []
    for number, row in rows:
        if not row.strip():
            continue
        line = read_line(row, f"{path}, line {number},")
        if first := found.get(line.message_id):
            hint = "Delete one of the two."
            raise UsageError(f"{path}, line {number}, has the message_id of line {first}.", hint=hint)
        found[line.message_id] = number
        lines.append(line)
    return lines
