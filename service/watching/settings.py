"""What can be set for drafts of mail that comes in. Pure."""

from datetime import time, timedelta

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from connectors.mailbox import Trigger
from service.hours import Hours, is_within
from service.watching.deserves import Rules


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
    quiet_hours: Hours = ""
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
        return is_within(self.quiet_hours, now)
