"""The section `[addon]`."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator, model_validator

GOOGLE_WAITS_S = 30
"""How long Gmail waits for an add-on's answer."""
ROOM_S = 3
"""The way from here to Gmail, and fetching Google's keys."""


class AddonSettings(BaseModel):
    """The Google Workspace add-on; deploy/addon/README.md leads through it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = False
    """Whether /addon/* is there at all."""
    url: str = ""
    """Where Google finds this service, such as "https://cyrano.example.org". Under that name it reaches /addon/* and
    nothing else."""
    service_account: str = ""
    """The service account in whose name Google calls; `deploy/addon/README.md` says how to ask for it."""
    client_id: str = ""
    """The add-on's OAuth client id, from the same answer."""
    answer_within_s: PositiveFloat = Field(default=20.0, le=GOOGLE_WAITS_S - ROOM_S)
    """A draft that takes longer goes on in the background, and its card has a button that asks again."""
    keep_minutes: PositiveFloat = 60.0
    """How long a finished draft waits to be inserted, from when it was last asked after. The ledger has it besides."""
    refuse_replays: Literal["tokens", "all", "buttons", "none"] = "tokens"
    """What is refused where it comes again: "tokens", whatever comes with them; or "all" requests with the same tokens
    and the same content, or those of "buttons" alone. For where Google is seen to use its tokens for several requests.
    """

    @field_validator("url")
    @classmethod
    def _is_plain(cls, url: str) -> str:
        parts = urlsplit(url)
        is_plain = parts.scheme == "https" and parts.hostname and not (parts.query or parts.fragment or "@" in url)
        if url and (not is_plain or parts.path not in {"", "/"}):
            raise ValueError("write https:// and a host name, and nothing behind it")
        return f"https://{parts.netloc.lower()}" if url else ""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        missing = [name for name in ("url", "service_account", "client_id") if not getattr(self, name)]
        if self.enabled and missing:
            raise ValueError(f"the add-on needs {', '.join(missing)}; deploy/addon/README.md says where from")
        return self

    @property
    def host(self) -> str:
        """The name, with a port where there is one, under which Google asks; lower case."""
        return urlsplit(self.url).netloc
