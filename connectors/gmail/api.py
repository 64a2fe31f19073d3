"""Gmail's calls, as records: what may be read of a mailbox, and what may be done with its drafts. It cannot send.

Ids of messages and drafts are Gmail's own. A message never changes: one that is edited gets another id.

A message that Google cannot hand over, though it answers otherwise, is told apart from an outage: it stops nothing.
"""

import base64
import binascii
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from googleapiclient.http import HttpRequest, MediaInMemoryUpload
from pydantic import BaseModel, ConfigDict

from connectors.cleaning.headers import read_ids
from connectors.composing.headers import MAX_ID
from connectors.gmail.errors import ServerFailed
from connectors.gmail.wire import GmailWire, Json, NotThere

logger = logging.getLogger(__name__)

ME = "me"
INBOX, SENT, DRAFT, STARRED, SPAM, TRASH = "INBOX", "SENT", "DRAFT", "STARRED", "SPAM", "TRASH"
MARK = "X-Cyrano-Message-ID"
"""Under which a draft keeps its Message-ID where Gmail gives it another."""
HEADERS = ("Message-ID", "In-Reply-To", "References", "X-Cyrano-Draft", MARK)

_PAGE = 500
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_OWN_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_LARGEST_IN_JSON = 2 << 20
"""Google takes larger messages only as an upload."""


class GmailSettings(BaseModel):
    """What a Gmail account needs, its consent apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = ""
    """The mailbox's main address."""
    writes_drafts: bool = False
    """Whether the consent covers drafts."""
    api_endpoint: str = ""
    """Another server than Google's, as in tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A message without its text. Ids of headers are without angle brackets; labels are as of when it was asked."""

    id: str
    thread_id: str
    labels: frozenset[str]
    message_id: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    cyrano_id: str = ""
    """X-Cyrano-Draft."""
    marked_id: str = ""
    """The Message-ID that Cyrano gave it."""
    time_ms: int = 0
    """When Google got it, in milliseconds since 1970."""

    def answers(self, message_id: str) -> bool:
        """Tell whether it names a message as one it answers."""
        return message_id == self.in_reply_to or message_id in self.references


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A message as Gmail holds it."""

    id: str
    labels: frozenset[str]
    raw: bytes
    """Empty where Gmail does not hand it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft, and the message it is for now."""

    id: str
    message_id: str
    """Gmail's id of that message; it changes with every edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record of a mailbox's history."""

    id: str
    added: tuple[str, ...]
    """Messages that came to be, or got the label that was asked about."""
    came: tuple[str, ...]
    """Those of them that came to be, drafts apart."""
    threads: frozenset[str]
    """Of all messages it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What changed since a point in time, oldest first, and the point to ask from next."""

    changes: tuple[Change, ...]
    id: str


class GmailApi:
    """Gmail for one account and one thread. All methods raise AccountError; NotThere only where they say so."""

    def __init__(self, wire: GmailWire) -> None:
        self._wire = wire
        self._users = wire.users

    @property
    def served_at(self) -> int:
        """The server's own time of its last answer, in seconds since 1970."""
        return self._wire.served_at

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def history_id(self) -> str:
        """Return the mailbox's present point in its history. It is a number too long for most machines: a text."""
        return str(self._wire.ask(self._users.getProfile(userId=ME)).get("historyId", ""))

    def address(self) -> str:
        """Return the mailbox's main address."""
        return str(self._wire.ask(self._users.getProfile(userId=ME)).get("emailAddress", ""))

    def label_id(self, name: str) -> str:
        """Return the id of a label, "" where there is none of that name."""
        found = self._wire.ask(self._users.labels().list(userId=ME)).get("labels", ())
        return next((str(each["id"]) for each in found if str(each.get("name", "")).lower() == name.lower()), "")

    def ids(self, *labels: str, query: str = "") -> list[str]:
        """Return the messages that have all labels and match Gmail's search, newest first; no spam, no trash."""
        messages, found = self._users.messages(), []
        request = messages.list(userId=ME, labelIds=list(labels) or None, q=query or None, maxResults=_PAGE)
        while request is not None:
            answer = self._wire.ask(request)
            found += [str(each["id"]) for each in answer.get("messages", ())]
            request = messages.list_next(request, answer)
        return list(dict.fromkeys(found))  # a page can move while it is turned

    def newest(self, label: str, most: int) -> list[str]:
        """Return the newest messages that have a label, newest first."""
        answer = self._wire.ask(self._users.messages().list(userId=ME, labelIds=[label], maxResults=most))
        return [str(each["id"]) for each in answer.get("messages", ())]

    def find(self, message_id: str, *labels: str) -> list[str]:
        """Return the messages with a Message-ID, newest first."""
        return self.ids(*labels, query=_by_message_id(message_id)) if _can_be_found(message_id) else []

    def find_each(self, message_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield Message-IDs with the newest message that has each; those the mailbox does not hold are left out."""
        names = {str(number): each for number, each in enumerate(message_ids) if _can_be_found(each)}
        requests = {
            name: self._users.messages().list(userId=ME, q=_by_message_id(each), maxResults=1)
            for name, each in names.items()
        }
        for name, answer in self._ask_each(requests, is_bulk=True):
            for found in (answer or {}).get("messages", ())[:1]:
                yield names[name], str(found["id"])

    def history(self, since: str, label: str = "") -> History:
        """Return what changed since a point in the mailbox's history, of messages that have a label.

        Raises:
            NotThere: Google has forgotten what was then.
        """
        records, changes, now = self._users.history(), [], ""
        request = records.list(userId=ME, startHistoryId=since, labelId=label or None, maxResults=_PAGE)
        while request is not None:
            answer = self._wire.ask(request)
            changes += [_change(each, label) for each in answer.get("history", ())]
            now = now or str(answer.get("historyId", since))  # of the first page: what came meanwhile comes again
            request = records.list_next(request, answer)
        return History(changes=tuple(changes), id=now)

    def whole(self, message: str, *, is_bulk: bool = False) -> Whole | None:
        """Return a message, or None where it is not there any more."""
        request = self._users.messages().get(userId=ME, id=message, format="raw")
        found = self._ask_alone(request, is_bulk=is_bulk)
        return None if found is None else _whole(message, found)

    def wholes(self, messages: Iterable[str]) -> dict[str, Whole]:
        """Return messages by their ids; those that are not there any more are left out."""
        requests = {each: self._users.messages().get(userId=ME, id=each, format="raw") for each in messages}
        answers = self._ask_each(requests, is_bulk=True)
        return {name: _whole(name, found) for name, found in answers if found is not None}

    def heads(self, messages: Iterable[str]) -> dict[str, Head]:
        """Return messages without their texts, by their ids; those that are not there any more are left out."""
        requests = {
            each: self._users.messages().get(userId=ME, id=each, format="metadata", metadataHeaders=list(HEADERS))
            for each in messages
        }
        return {name: _head(found) for name, found in self._ask_each(requests, is_bulk=False) if found}

    def thread(self, thread: str) -> list[Head]:
        """Return the messages of a thread, oldest first; none where it is not there any more."""
        request = self._users.threads().get(userId=ME, id=thread, format="metadata", metadataHeaders=list(HEADERS))
        try:
            return [_head(each) for each in self._wire.ask(request).get("messages", ())]
        except NotThere:
            return []

    def drafts(self) -> list[Draft]:
        """Return all drafts, newest first."""
        drafts, found = self._users.drafts(), []
        request = drafts.list(userId=ME, maxResults=_PAGE)
        while request is not None:
            answer = self._wire.ask(request)
            found += [_draft(each) for each in answer.get("drafts", ())]
            request = drafts.list_next(request, answer)
        return found

    def draft(self, draft: str) -> Draft | None:
        """Return what a draft is now, or None where it is not there any more."""
        try:
            return _draft(self._wire.ask(self._users.drafts().get(userId=ME, id=draft, format="minimal")))
        except NotThere:
            return None

    def create_draft(self, raw: bytes, thread: str = "") -> Draft:
        """Put a message into Drafts; into a thread, if its headers fit there as well.

        Raises:
            NotThere: there is no such thread; nothing was put anywhere.
        """
        body, media = _upload(raw, thread)
        return _draft(self._wire.ask(self._users.drafts().create(userId=ME, body=body, media_body=media)))

    def update_draft(self, draft: str, raw: bytes, thread: str = "") -> Draft:
        """Put another message in the place of a draft's.

        Raises:
            NotThere: there is no such draft, or thread.
        """
        body, media = _upload(raw, thread)
        return _draft(self._wire.ask(self._users.drafts().update(userId=ME, id=draft, body=body, media_body=media)))

    def delete_draft(self, draft: str) -> None:
        """Delete a draft for good; one that is gone already does no harm."""
        try:
            self._wire.ask(self._users.drafts().delete(userId=ME, id=draft))
        except NotThere:
            return

    def _ask_each(self, requests: Mapping[str, HttpRequest], *, is_bulk: bool) -> Iterator[tuple[str, Json | None]]:
        """Yield the answers of many calls: None for what is not there, nothing at all for what Google cannot answer."""
        left = dict(requests)
        try:
            for name, found in self._wire.ask_each(requests, is_bulk=is_bulk):
                del left[name]
                yield name, found
        except ServerFailed:
            logger.warning("Google does not answer all of a batch: asking for %d messages one by one.", len(left))
            for name, request in left.items():
                yield name, self._ask_alone(request, is_bulk=is_bulk)

    def _ask_alone(self, request: HttpRequest, *, is_bulk: bool) -> Json | None:
        """Return an answer: None for what is not there, nothing for what Google cannot answer though it is well."""
        try:
            with suppress(ServerFailed):
                return self._wire.ask(request, is_bulk=is_bulk)
            self.history_id()  # where this is not answered either, it is an outage
            with suppress(ServerFailed):
                return self._wire.ask(request, is_bulk=is_bulk)
        except NotThere:
            return None
        return {}


def own_ids(raw: bytes) -> tuple[str, ...]:
    """Return what a message's header gives as its Message-ID; one that is not broken has one."""
    found = _OWN_ID.search(_HEADERS_END.split(raw, 1)[0])
    return read_ids(found[1].decode("ascii", "replace")) if found else ()


def _upload(raw: bytes, thread: str) -> tuple[Json, MediaInMemoryUpload | None]:
    message = {"threadId": thread} if thread else {}
    if len(raw) > _LARGEST_IN_JSON:
        return {"message": message}, MediaInMemoryUpload(raw, mimetype="message/rfc822")
    return {"message": {**message, "raw": base64.urlsafe_b64encode(raw).decode()}}, None


def _can_be_found(message_id: str) -> bool:
    """Tell whether an id can be searched for: a search knows signs of its own."""
    is_short = 0 < len(message_id) <= MAX_ID
    return is_short and message_id.isprintable() and not set(message_id) & set(' "(){}')


def _by_message_id(message_id: str) -> str:
    return f"rfc822msgid:{message_id}"


def _labels(message: Json) -> frozenset[str]:
    return frozenset(map(str, message.get("labelIds", ())))


def _whole(message: str, found: Json) -> Whole:
    try:
        raw = base64.b64decode(str(found.get("raw", "")) + "==", altchars=b"-_")
    except binascii.Error:
        raw = b""
    return Whole(id=message, labels=_labels(found), raw=raw)


def _head(message: Json) -> Head:
    found = message.get("payload", {}).get("headers", ())
    values = {str(each.get("name", "")).lower(): str(each.get("value", "")) for each in reversed(found)}
    return Head(
        id=str(message["id"]),
        thread_id=str(message.get("threadId", "")),
        labels=_labels(message),
        message_id=next(iter(read_ids(values.get("message-id", ""))), ""),
        in_reply_to=next(iter(read_ids(values.get("in-reply-to", ""))), ""),
        references=read_ids(values.get("references", "")),
        cyrano_id=values.get("x-cyrano-draft", "").strip(),
        marked_id=next(iter(read_ids(values.get(MARK.lower(), ""))), ""),
        time_ms=int(message.get("internalDate", 0)),
    )


def _draft(draft: Json) -> Draft:
    return Draft(id=str(draft["id"]), message_id=str(draft.get("message", {}).get("id", "")))


def _change(record: Json, label: str) -> Change:
    came = [each.get("message", {}) for each in record.get("messagesAdded", ())]
    got = [each.get("message", {}) for each in record.get("labelsAdded", ()) if label in each.get("labelIds", ())]
    kinds = ("messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved")
    named = [each.get("message", {}) for kind in kinds for each in record.get(kind, ())] + list(
        record.get("messages", ())
    )
    return Change(
        id=str(record["id"]),
        added=tuple(dict.fromkeys(str(each["id"]) for each in (*came, *got) if "id" in each)),
        came=tuple(str(each["id"]) for each in came if DRAFT not in each.get("labelIds", ())),
        threads=frozenset(str(each["threadId"]) for each in named if "threadId" in each),
    )
