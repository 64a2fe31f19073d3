"""What can be set for drafts of mail that comes in. Pure."""

import re
from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PositiveFloat, PositiveInt

from connectors.mailbox import Trigger
from service.watching.deserves import Rules

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


def _check_hours(text: str) -> str:
    if text and not _HOURS.fullmatch(text):
        raise ValueError('quiet hours look like "22:00-07:00"')
    return text


class WatchSettings(BaseModel):
    """Drafts for mail that comes in. The section `[watch]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trigger: Trigger = "flagged"
    """Which mail gets a draft: "flagged" (starred), what you move into a "folder" (label), or "all" that is written to
    you; "off" watches nothing."""
    folder: str = "Cyrano"
    """The folder for trigger "folder"."""
    poll_s: PositiveFloat = 60.0
    """How often to look where the server cannot call (IDLE), and for mail moved into the folder."""
    max_age_days: PositiveInt = 30
    """Older mail gets no draft, so that what was flagged long ago stays as it is."""
    allow: tuple[str, ...] = ()
    """Addresses and domains; where there are any, nobody else's mail gets a draft."""
    deny: tuple[str, ...] = ()
    """Addresses and domains whose mail gets none."""
    daily_cap: PositiveInt = 50
    """Drafts a day and account; what comes after waits for tomorrow."""
    quiet_hours: Annotated[str, AfterValidator(_check_hours)] = ""
    """Such as "22:00-07:00", in this machine's time: meanwhile mail waits."""
    instructions: bool = True
    """Whether a draft that you save with "@cyrano" and an instruction becomes the full mail."""
    settle_s: PositiveFloat = 20.0
    """How long such a draft must lie unchanged: mail programs save while you type."""

    @property
    def rules(self) -> Rules:
        """Which mail deserves a draft."""
        return Rules(max_age=timedelta(days=self.max_age_days), allow=self.allow, deny=self.deny)

    def is_quiet(self, now: time) -> bool:
        """Tell whether a time of day is within the quiet hours."""
        found = _HOURS.fullmatch(self.quiet_hours)
        if not found:
            return False
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        return start <= now < end if start <= end else now >= start or now < end
