"""The add-on's cards: home, what to write, the draft, and what is to be waited for or went wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.account import AccountRecord
from connectors.errors import CyranoError
from retrieval.prompt import LANGUAGE_NAMES, LENGTH_NAMES, TONE_NAMES, Source
from service.addon import cards
from service.addon.cards import Choice, Json
from service.addon.sentences import say_error, say_notice
from service.addon.wishes import Wish
from service.addon.words import Say
from service.drafting.draft import Done
from service.drafting.facts import Fact
from service.notices import Notice
from service.problems import problem

KEEP = "keep"
FREE = "free"
"""The line of a list that chooses nothing; an empty value might not come back."""
SHOWN_CHARACTERS = 400
"""Of a mail that a draft leans on."""

_OWN_NAMES = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pt": "Português",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a card is shown, and what its buttons carry to be shown there again."""

    name: str
    """ "message" beside an open mail, "compose" in the compose window."""
    message_id: str = ""
    recipients: tuple[str, ...] = ()

    def parameters(self) -> dict[str, str]:
        """Return what buttons carry; empty values are left out."""
        given = {"place": self.name, "message": self.message_id, "to": ",".join(self.recipients)}
        return {key: value for key, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A draft that a card's buttons are about. They carry what was asked for, lest it be lost with the draft."""

    job_id: str
    wish: Wish

    def parameters(self) -> dict[str, str]:
        """Return what buttons carry."""
        return {"job": self.job_id, **self.wish.parameters()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Makes cards in one language."""

    say: Say
    url: str
    """Where Google finds this service."""
    nonce: Callable[[], str]

    def home(self, record: AccountRecord, adapter: str | None, notices: Sequence[Notice]) -> Json:
        """Say whose drafts are written here, and by what."""
        owner = cards.line(str(record.owner), above=self.say("writes_for"))
        writer = cards.line(adapter or self.say("base"), above=self.say("adapter"))
        said = [self._notice(notice) for notice in notices]
        about = cards.section([cards.paragraph(cards.plain(self.say("home")))])
        return cards.card(self.say("title"), [about, cards.section([owner, writer, *said])])

    def form(
        self, place: Place, *, last: tuple[Held, str] | None = None, wish: Wish | None = None, said: str = ""
    ) -> Json:
        """Ask what to write.

        Args:
            place: Where.
            last: The newest draft and its subject, to be offered in the compose window.
            wish: What stands in the boxes already.
            said: Words above the boxes.
        """
        wish = wish or Wish()
        is_reply = place.name == "message"
        hint = self.say("instruction_reply_hint" if is_reply else "instruction_hint")
        box = cards.text_input("instruction", self.say("instruction"), value=wish.instruction, hint=hint)
        asked = [*([cards.paragraph(cards.plain(said))] if said else []), box, *self._choices(wish)]
        write = cards.buttons([self._button("write", place, {})])
        sections = [cards.section([*asked, write])]
        if last:
            held, subject = last
            show = self._button("show", place, held.parameters(), path="refresh")
            old = [cards.line(subject or self.say("no_subject")), cards.buttons([show])]
            sections.insert(0, cards.section(old, header=self.say("last_draft")))
        return cards.card(self.say("answer" if is_reply else "compose"), sections)

    def draft(self, done: Done, place: Place, held: Held) -> Json:
        """Show a draft, what in it traces to nothing, and what it leans on."""
        text = cards.marked(done.text, [(fact.start, fact.end) for fact in _apart(done.unsupported)])
        shown = [cards.paragraph(text)]
        shown += [self._notice(done.notice)] if done.notice else []
        job = held.parameters()
        after = [self._button("discard", place, job)]
        if place.name == "compose":
            after.insert(0, self._button("insert", place, job))
        else:
            shown.append(cards.paragraph(cards.plain(self.say("how_to_insert"))))
        change = cards.text_input("change", self.say("change"), hint=self.say("change_hint"))
        sections = [
            cards.section(shown),
            cards.section(self._doubts(done, place), header=self.say("check")),
            cards.section([cards.buttons(after)]),
            cards.section([change, cards.buttons([self._button("change_button", place, job, path="change")])]),
            cards.section(map(self._source, done.sources), header=self.say("sources"), shown=1),
        ]
        return cards.card(self.say("draft"), sections, subtitle=done.subject)

    def waiting(self, place: Place, held: Held, seconds: int) -> Json:
        """Say that a draft is not done yet."""
        words = cards.paragraph(cards.plain(self.say("waiting")))
        since = cards.line(self.say("waiting_for", seconds=seconds))
        refresh = cards.buttons([self._button("refresh", place, held.parameters())])
        return cards.card(self.say("waiting_title"), [cards.section([words, since, refresh])])

    def trouble(self, error: Exception, *, again: tuple[Place, Held] | None = None) -> Json:
        """Say what went wrong and what to do; Gmail's own arrow leads back to what was typed.

        Args:
            error: What happened. What is not meant for people says nothing of its inside.
            again: Where, and the draft that can be tried again.
        """
        if isinstance(error, CyranoError):
            said = say_error(error, self.say("code"))
        else:
            problem(error)  # writes down where it happened
            said = (self.say("unexpected"), self.say("unexpected_hint"))
        lines = [cards.paragraph(cards.plain(words)) for words in said]
        if again:
            lines.append(cards.buttons([self._button("again", again[0], again[1].parameters())]))
        return cards.card(self.say("trouble"), [cards.section(lines)])

    def _notice(self, notice: Notice) -> Json:
        return cards.paragraph(cards.plain(say_notice(notice, self.say("code"))))

    def _button(self, key: str, place: Place, more: dict[str, str], *, path: str = "") -> Json:
        parameters = {**place.parameters(), **more, "nonce": self.nonce()}
        return cards.button(self.say(key), f"{self.url}/addon/{path or key}", parameters)

    def _choices(self, wish: Wish) -> list[Json]:
        languages = {key: _OWN_NAMES.get(key, name) for key, name in LANGUAGE_NAMES.items()}
        tones = {key: self.say(f"tone_{key}") for key in TONE_NAMES}
        lengths = {key: self.say(f"length_{key}") for key in LENGTH_NAMES}
        return [
            self._dropdown("tone", tones, wish.tone),
            self._dropdown("language", languages, wish.language),
            self._dropdown("length", lengths, wish.length),
        ]

    def _dropdown(self, name: str, words: Mapping[str, str], chosen: str) -> Json:
        free = Choice(value=FREE, words=self.say(f"{name}_"), is_chosen=not chosen)
        choices = [free, *(Choice(value=key, words=each, is_chosen=key == chosen) for key, each in words.items())]
        return cards.dropdown(name, self.say(name), choices)

    def _doubts(self, done: Done, place: Place) -> list[Json]:
        doubts = [cards.line(fact.text, above=self.say(f"kind_{fact.kind}")) for fact in done.unsupported]
        if place.name == "compose" and any(fact.is_left_out for fact in done.unsupported):
            doubts.append(cards.paragraph(cards.plain(self.say("left_out"))))
            doubts.append(cards.checkbox(KEEP, Choice(value=KEEP, words=self.say("keep"))))
        return doubts

    def _source(self, source: Source) -> Json:
        people = self.say("to", people=", ".join(map(str, source.recipients)))
        when = f"{source.sent_at:%Y-%m-%d}, {people}" if source.sent_at else people
        text = source.text if len(source.text) <= SHOWN_CHARACTERS else f"{source.text[:SHOWN_CHARACTERS].rstrip()} …"
        return cards.line(text, above=source.subject, below=when)


def _apart(facts: Sequence[Fact]) -> list[Fact]:
    """Return facts in order, without those that overlap one before."""
    apart: list[Fact] = []
    for fact in sorted(facts, key=lambda each: each.start):
        if not apart or fact.start >= apart[-1].end:
            apart.append(fact)
    return apart
