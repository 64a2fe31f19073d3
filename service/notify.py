"""The section `[notify]`: who is told when a run ended badly."""

from pydantic import BaseModel, ConfigDict


class NotifySettings(BaseModel):
    """Who is told when a run was rejected or failed. The section `[notify]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook: str = ""
    """An address of yours that gets a JSON object by POST: account, run, how it ended and what to do; no mail."""
    draft: bool = False
    """Whether a draft addressed to yourself says so, in the account's own Drafts folder."""
