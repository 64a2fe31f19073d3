"""The tables of the one database: archive, playback cache, ledger, tokens and runs. Migrations are made from them.

Every table that holds mail or words made from mail names its account, and loses its rows with it.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Unicode,
)
from sqlalchemy import Column as C  # noqa: N817  a table reads better as a table
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC time, kept as such by databases that forget time zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database: only aware times, as UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database: always aware."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


def _account(*, primary_key: bool = False) -> C[str]:
    return C(
        "account", String(64), ForeignKey("account.name", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


account = Table(
    "account", metadata,
    C("name", String(64), primary_key=True),
    C("kind", String(16), nullable=False),
    C("owner_name", Text, nullable=False),
    C("owner_addr", Text, nullable=False),
    C("addresses", JSON, nullable=False),
    C("settings", JSON, nullable=False),
    C("signature", Text, nullable=False, server_default=""),
)  # fmt: skip

message = Table(
    "message", metadata,
    _account(primary_key=True),
    C("message_id", Text, primary_key=True),
    C("in_reply_to", Text, nullable=False),
    C("references", JSON, nullable=False),
    C("thread_id", Text, nullable=False),
    C("sender", JSON, nullable=False),
    C("recipients", JSON, nullable=False),  # {"to": [[addr, name]…], "cc": …, "bcc": …, "reply_to": …}
    C("sent_at", UTCDateTime),
    C("subject", Text, nullable=False),
    C("text", Text, nullable=False),
    C("text_hash", String(32), nullable=False),  # of the text without case and white space: finds duplicates
    C("quoted", Text, nullable=False),
    C("signature", Text, nullable=False),
    C("language", String(8), nullable=False),
    C("attachments", JSON, nullable=False),
    C("kind", String(16), nullable=False),
    C("kept", Boolean, nullable=False),
    C("reason", Text, nullable=False),
    C("is_excluded", Boolean, nullable=False, server_default="0"),  # taken out by the owner, for good
    C("is_indexed", Boolean, nullable=False, server_default="0"),
    C("is_received", Boolean, nullable=False, server_default="0"),  # a mail the owner answered; context, never learned
    C("server_id", Text, nullable=False, server_default=""),  # the mailbox's own lasting id, where it has one
    Index(None, "account", "sent_at"),
    Index(None, "account", "text_hash"),
    Index(None, "account", "thread_id"),
    Index(None, "account", "server_id"),
)  # fmt: skip

unfound = Table(
    "unfound", metadata,
    _account(primary_key=True),
    C("message_id", Text, primary_key=True),  # a mail the owner answered that the mailbox does not hold any more
)  # fmt: skip

forgotten = Table(
    "forgotten", metadata,
    _account(primary_key=True),
    C("kind", String(16), primary_key=True),  # "address", "message", "before"
    C("value", Text, primary_key=True),  # a date, or a digest: what is forgotten is not written down here either
    C("forgotten_at", UTCDateTime, nullable=False),
)  # fmt: skip

quarantine = Table(
    "quarantine", metadata,
    _account(primary_key=True),
    C("ref", Text, primary_key=True),
    C("reason", Text, nullable=False),
    C("raw", LargeBinary, nullable=False),
    C("found_at", UTCDateTime, nullable=False),
)  # fmt: skip

cursor = Table(
    "cursor", metadata,
    _account(primary_key=True),
    C("value", Text, nullable=False),
    C("moved_at", UTCDateTime, nullable=False),
)  # fmt: skip

arrival = Table(
    "arrival", metadata,
    _account(primary_key=True),
    C("cursor", Text, nullable=False),  # how far a watcher that answers all mail has looked
    C("moved_at", UTCDateTime, nullable=False),
)  # fmt: skip

health = Table(
    "health", metadata,
    _account(primary_key=True),
    C("part", String(16), primary_key=True),  # "sync", "watch"
    C("state", String(16), nullable=False),
    C("tried_at", UTCDateTime, nullable=False),
    C("done_at", UTCDateTime),
    C("waiting", Integer, nullable=False, server_default="0"),
    C("report", Text, nullable=False, server_default=""),
    C("error", Text, nullable=False, server_default=""),
    C("hint", Text, nullable=False, server_default=""),
)  # fmt: skip

instruction = Table(
    "instruction", metadata,
    _account(primary_key=True),
    C("message_id", Text, primary_key=True),
    C("prompt_version", String(16), primary_key=True),
    C("model", Text, primary_key=True),
    C("text", Text, nullable=False),
    C("source", String(16), nullable=False),  # "model", "extract" (subject and opening), "given" (by a person)
    C("asked", String(32), nullable=False, server_default=""),  # digest of the question; "" where nobody asked
)  # fmt: skip

draft = Table(
    "draft", metadata,
    C("draft_id", String(32), primary_key=True),
    _account(),
    C("kind", String(16), nullable=False, server_default="request"),  # "request", "answer", "instructed"
    C("answers", Text),  # the Message-ID it answers, or of the draft with the instruction; NULL for drafts on request
    C("thread_id", Text, nullable=False, server_default=""),  # of the mail it answers
    C("replaces", Text, nullable=False, server_default=""),  # the id of the draft it takes the place of
    C("state", String(16), nullable=False),
    C("reason", Text, nullable=False, server_default=""),  # why it failed or was withdrawn
    C("message_id", Text, nullable=False, server_default=""),  # of the draft in the Drafts folder
    C("ref", Text, nullable=False, server_default=""),  # where in the mailbox the draft was last seen
    C("seal", String(64), nullable=False, server_default=""),  # of its bytes when it came to be there
    C("missed_at", UTCDateTime),  # when it was first not found there
    C("original", LargeBinary),  # the user's own draft that held the instruction, until it is replaced
    C("recipients", JSON, nullable=False, server_default="[]"),  # addresses it is written to, where they are known
    C("instruction", Text, nullable=False, server_default=""),
    C("subject", Text, nullable=False, server_default=""),
    C("text", Text, nullable=False, server_default=""),
    C("language", String(8), nullable=False, server_default=""),
    C("adapter", Text, nullable=False, server_default=""),
    C("prompt_version", String(16), nullable=False, server_default=""),
    C("source_ids", JSON, nullable=False),
    C("created_at", UTCDateTime, nullable=False),
    C("changed_at", UTCDateTime, nullable=False),
    C("begun_at", UTCDateTime),  # when it was first given to the model
    C("first_token_s", Float),
    C("tokens", Integer),
    Index(None, "account", "answers", unique=True),
    Index(None, "account", "thread_id"),
)  # fmt: skip

outcome = Table(
    "outcome", metadata,
    C("draft_id", String(32), ForeignKey("draft.draft_id", ondelete="CASCADE"), primary_key=True),
    _account(),
    C("sent_id", Text, nullable=False),  # the Message-ID of what was sent
    C("sent_at", UTCDateTime),
    C("verdict", String(16), nullable=False),  # "as_is", "light", "rewritten", "ignored"
    C("distance", Float, nullable=False),  # edits per letter of the longer text, 0 to 1
    C("edits", JSON, nullable=False),  # ["greeting", "length", "facts", "tone", "language", "rewritten"]
    C("adapter", Text, nullable=False),
    Index(None, "account", "sent_at"),
)  # fmt: skip

feedback = Table(
    "feedback", metadata,
    C("draft_id", String(32), ForeignKey("draft.draft_id", ondelete="CASCADE"), primary_key=True),
    C("kind", String(16), primary_key=True),  # "inserted", "refined", "discarded"
    _account(),
    C("given_at", UTCDateTime, nullable=False),
)  # fmt: skip

token = Table(
    "token", metadata,
    C("token_hash", String(64), primary_key=True),
    _account(),
    C("label", Text, nullable=False),
    C("scopes", JSON, nullable=False, server_default='["draft", "read", "manage"]'),
    C("origin", Text, nullable=False, server_default=""),  # the extension that alone may show it; "" is any program
    C("created_at", UTCDateTime, nullable=False),
    C("used_at", UTCDateTime),
)  # fmt: skip

pairing = Table(
    "pairing", metadata,  # the code that lets a browser in: one at a time
    C("code_hash", String(64), primary_key=True),
    C("salt", String(32), nullable=False),
    C("accounts", JSON, nullable=False),  # what it opens
    C("expires_at", UTCDateTime, nullable=False),
    C("tries_left", Integer, nullable=False),
)  # fmt: skip

audit = Table(
    "audit", metadata,  # who showed which token for what, counted by the hour; no words
    C("hour", UTCDateTime, primary_key=True),
    C("account", String(64), primary_key=True),  # "" where no token that is known was shown
    C("label", Text, primary_key=True),
    C("action", String(32), primary_key=True),
    C("outcome", String(32), primary_key=True),  # "ok", or the kind of the refusal
    C("origin", Text, primary_key=True),
    C("count", Integer, nullable=False),
    C("last_at", UTCDateTime, nullable=False),
)  # fmt: skip

replay = Table(
    "replay", metadata,  # what the add-on answered, as long as its tokens are good; no words, and nobody's name
    C("digest", String(64), primary_key=True),
    C("ends_at", UTCDateTime, nullable=False),
    Index(None, "ends_at"),
)  # fmt: skip

run = Table(
    "run", metadata,
    C("run_id", String(96), primary_key=True),
    _account(),
    C("trigger", String(16), nullable=False),  # "schedule", "asked"
    C("why", Text, nullable=False),  # in words
    C("state", String(16), nullable=False),  # "asked", "running", then how it ended
    C("stage", String(16), nullable=False, server_default=""),
    C("done", Integer, nullable=False, server_default="0"),  # of `total`, within the stage
    C("total", Integer, nullable=False, server_default="0"),
    C("seconds", JSON, nullable=False, server_default="{}"),  # stage to how long it took
    C("asked_at", UTCDateTime, nullable=False),
    C("started_at", UTCDateTime),
    C("changed_at", UTCDateTime, nullable=False),
    C("ended_at", UTCDateTime),
    C("adapter", Text, nullable=False, server_default=""),  # what it published, approved or not
    C("reason", Text, nullable=False, server_default=""),  # how it ended, in a line
    C("hint", Text, nullable=False, server_default=""),  # what to do about it
    C("material", String(64), nullable=False, server_default=""),  # digest of the mail it learned from
    C("newest", UTCDateTime),  # when the newest of that mail was sent
    C("told_at", UTCDateTime),  # when its owner was told of a bad end
    Index(None, "account", "asked_at"),
)  # fmt: skip

lease = Table(
    "lease", metadata,
    C("name", String(64), primary_key=True),
    C("holder", Text, nullable=False),  # host, process and when that started; "" while nobody has it
    C("epoch", Integer, nullable=False),  # rises with every holder: what an earlier one still does can be told
    C("beat", Integer, nullable=False),  # rises while the holder lives; no clocks are compared
)  # fmt: skip

clockwork = Table(
    "clockwork", metadata,  # APScheduler's own table, by its rules
    C("id", Unicode(191), primary_key=True),
    C("next_run_time", Float(25), index=True),
    C("job_state", LargeBinary, nullable=False),
)  # fmt: skip
