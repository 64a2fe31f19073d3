"""What pairing says over HTTP."""

import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from service.body import Body

_MOST_LETTERS = 80


def _label(value: str) -> str:
    """Keep what a terminal and a list can show: a browser names itself here."""
    shown = "".join(letter if unicodedata.category(letter)[0] in "LNPSZ" else " " for letter in value)
    return " ".join(shown.split())[:_MOST_LETTERS].rstrip() or "a browser"


class PairBody(Body):
    """What lets a browser in."""

    code: str = Field(description="The six digits that `cyrano pair` or the console shows.", max_length=64)
    client: Annotated[str, AfterValidator(_label)] = Field(
        default="", description='What the browser calls itself, such as "Chrome 156 on Linux".', validate_default=True
    )


class PairedItem(BaseModel):
    """An account that was opened."""

    name: str
    owner: str
    addresses: tuple[str, ...] = Field(description="The owner's addresses, lower case.")
    token: str = Field(description="Drafts for this account, shown by the origin that was paired alone.")


class PairAnswer(BaseModel):
    """What the browser may draft for from now on."""

    api: int
    version: str
    accounts: tuple[PairedItem, ...]


class CodeAnswer(BaseModel):
    """A code that was made."""

    code: str
    expires_at: datetime
