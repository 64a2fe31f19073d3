"""What the add-on does when it is asked: shows a card, has a draft written, hands it over.

The rules this module keeps:
1. Everything is done for the account of the verified user; ids that come with a request find only what is theirs.
2. An answer comes within `answer_within_s`, whatever the model does. Nothing slow is done in the request itself.
3. What a button carries chooses, or stands in a box again: text for the compose window comes from the draft kept here.
4. Recipients and subject in the compose window are never changed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from connectors.account import AccountRecord
from connectors.message import Email
from service.addon import answers
from service.addon.cards import Json
from service.addon.door import ConsentNeeded
from service.addon.event import Event, addresses, plain_id
from service.addon.jobs import Asked, Job
from service.addon.mail import ConsentMissing
from service.addon.orders import Change, Fresh, Order
from service.addon.pages import KEEP, Held, Pages, Place
from service.addon.parts import AddonParts
from service.addon.sentences import Spoken
from service.addon.wishes import Wish, changed, read_change, read_wish, wished
from service.addon.words import Say
from service.drafting.draft import Done, DraftRequest
from service.drafting.withhold import withhold
from service.feedback import FeedbackKind
from service.wire import to_html

READ_MAIL = "https://www.googleapis.com/auth/gmail.addons.current.message.readonly"
COMPOSE = "https://www.googleapis.com/auth/gmail.addons.current.action.compose"
RECIPIENTS = "https://www.googleapis.com/auth/gmail.addons.current.message.metadata"
ALONG = {COMPOSE: (RECIPIENTS,)}
"""What is asked for along with a consent and done without where it is not given."""
NEEDED = {"message": (READ_MAIL,), "compose": (COMPOSE, RECIPIENTS)}
"""What whoever opens a card for the first time is asked for at once."""
MAIL_TIMEOUT_S = 15.0

Wrap = Callable[[Json], Json]
"""Makes an answer of a card."""


class Gone(Spoken):
    """A draft is not at hand: it was forgotten, waited too long, or is another process's, or one's that has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who was let in."""

    record: AccountRecord
    event: Event
    say: Say
    began: float
    """When the request came, by the clock of the parts."""

    @property
    def owner(self) -> str:
        """Whose the drafts and open mails are: another owner of an account of the same name finds none of them."""
        return f"{self.record.name} {self.record.owner.addr.lower()}"


class Desk:
    """Answers requests; each method is one address. Safe to share between threads."""

    def __init__(self, parts: AddonParts) -> None:
        self._parts = parts

    def home(self, visit: Visit) -> Json:
        """The card beside no mail at all."""
        name = visit.record.name
        card = self._pages(visit.say).home(visit.record, self._parts.adapter(name), self._parts.notices(name))
        return answers.opened(card)

    def message(self, visit: Visit) -> Json:
        """The card beside an open mail."""
        event = visit.event
        _need(event, READ_MAIL)
        if event.message_id and event.message_token:
            self._parts.openings.remember(visit.owner, event.message_id, event.message_token)
        place = Place(name="message", message_id=event.message_id)
        return answers.opened(self._pages(visit.say).form(place))

    def compose(self, visit: Visit) -> Json:
        """The card in the compose window."""
        _need(visit.event, COMPOSE)
        newest = self._newest(visit)
        last = (_held(newest), newest.done.subject) if newest and newest.done else None
        place = Place(name="compose", recipients=visit.event.recipients)
        return answers.opened(self._pages(visit.say).form(place, last=last))

    def write(self, visit: Visit) -> Json:
        """The button "Write": begin a draft, and wait for it as long as there is time."""
        order = Fresh(place=_place(visit.event), wish=read_wish(visit.event.inputs))
        if not (order.message_id or order.wish.instruction):
            raise Spoken(visit.say("nothing_to_go_by"), hint=visit.say("nothing_to_go_by_hint"))
        return self._shown(visit, self._begin(visit, order), order.place, answers.pushed)

    def refresh(self, visit: Visit) -> Json:
        """The button "Refresh", and "Show" of the last draft; after a consent that was asked for, write after all."""
        job = self._job(visit)
        if job.is_consent_asked and isinstance(job.error, ConsentMissing):
            job = self._anew(visit, job)
        return self._shown(visit, job, _place(visit.event), answers.replaced)

    def change(self, visit: Visit) -> Json:
        """The button "Change": write the draft anew as told."""
        job, how = self._job(visit), read_change(visit.event.inputs)
        before, done = job.request, job.done
        if not how:
            raise Spoken(visit.say("nothing_to_go_by"), hint=visit.say("change_hint"))
        if before is None or done is None:
            raise _gone(visit)
        request = changed(before, done, how)
        order = Change(asked=DraftRequest(request=request, exclude=job.exclude, replaces=done.draft_id))
        begun = self._begin(visit, order)
        self._parts.feedback.give(visit.record.name, done.draft_id, FeedbackKind.REFINED)
        return self._shown(visit, begun, _place(visit.event), answers.pushed)

    def again(self, visit: Visit) -> Json:
        """The button "Try again" of a draft that failed."""
        return self._shown(visit, self._anew(visit, self._job(visit)), _place(visit.event), answers.replaced)

    def insert(self, visit: Visit) -> Json:
        """The button "Insert": put the draft where the cursor is."""
        _need(visit.event, COMPOSE)
        done = self._done(visit)
        is_whole = visit.event.inputs.get(KEEP) == KEEP
        text = done.text if is_whole else withhold(done.text, done.unsupported, done.language)
        self._parts.feedback.give(visit.record.name, done.draft_id, FeedbackKind.INSERTED)
        return answers.inserted(to_html(text))

    def discard(self, visit: Visit) -> Json:
        """The button "Discard"; a draft that is not at hand need not be thrown away."""
        try:
            done = self._done(visit)
        except Gone as gone:
            return answers.told(str(gone))
        self._job(visit).is_discarded = True
        self._parts.feedback.give(visit.record.name, done.draft_id, FeedbackKind.DISCARDED)
        return answers.told(visit.say("discarded"))

    def gone(self, visit: Visit) -> Json:
        """Answer a button whose draft is not at hand: what was asked for stands in the boxes, to be asked again."""
        wish, place = read_wish(visit.event.parameters), _place(visit.event)
        if how := read_change(visit.event.inputs):
            wish = replace(wish, instruction=f"{wish.instruction}\n{how}".strip())
        said = "\n".join((visit.say("gone"), visit.say("gone_again" if wish != Wish() else "gone_hint")))
        return answers.replaced(self._pages(visit.say).form(place, wish=wish, said=said))

    def trouble(self, error: Exception, say: Say) -> Json:
        """Return the card of an error, in words for people."""
        return self._pages(say).trouble(error)

    def _begin(self, visit: Visit, order: Order) -> Job:
        if isinstance(order, Fresh) and order.message_id:
            _need(visit.event, READ_MAIL)
        self._parts.pace.take(visit.record.name)
        return self._parts.jobs.start(visit.owner, lambda: self._asked(visit, order), order)

    def _anew(self, visit: Visit, failed: Job) -> Job:
        """Begin a draft again that failed, with what this request may do and not what that one might."""
        begun = self._begin(visit, failed.order)
        begun.is_consent_asked = failed.is_consent_asked
        return begun

    def _asked(self, visit: Visit, order: Order) -> Asked:
        """Gather what a draft needs, and ask for it."""
        asked = order.asked if isinstance(order, Change) else self._request(visit, order)
        return Asked(request=asked.request, exclude=asked.exclude, events=self._parts.drafter.draft(asked))

    def _request(self, visit: Visit, order: Fresh) -> DraftRequest:
        mail = self._mail(visit, order.message_id) if order.message_id else None
        request = wished(order.wish, visit.record, mail=mail, to=order.place.recipients)
        return DraftRequest(request=request, exclude=frozenset({mail.message_id} if mail else ()))

    def _pages(self, say: Say) -> Pages:
        return Pages(say=say, url=self._parts.settings.url, nonce=self._parts.nonce)

    def _mail(self, visit: Visit, message_id: str) -> Email:
        event = visit.event
        own = event.message_token if event.message_id == message_id else ""
        token = own or self._parts.openings.token(visit.owner, message_id)
        if not token:
            raise Spoken(visit.say("closed"), hint=visit.say("closed_hint"))
        return self._parts.reader.read(
            message_id, access_token=event.access_token, message_token=token, timeout_s=MAIL_TIMEOUT_S
        )

    def _shown(self, visit: Visit, job: Job, place: Place, wrap: Wrap) -> Json:
        """Return the draft, or after a while that it is not done yet."""
        spent = self._parts.clock() - visit.began
        if not job.wait(self._parts.settings.answer_within_s - spent):
            return wrap(self._pages(visit.say).waiting(place, _held(job), self._parts.jobs.elapsed_s(job)))
        if isinstance(job.error, ConsentMissing) and not (job.is_consent_asked or _has(visit.event, READ_MAIL)):
            job.is_consent_asked = True
            raise ConsentNeeded(READ_MAIL)
        if job.done is None:
            return wrap(self._pages(visit.say).trouble(job.error or _gone(visit), again=(place, _held(job))))
        return wrap(self._pages(visit.say).draft(job.done, place, _held(job)))

    def _job(self, visit: Visit) -> Job:
        job = self._parts.jobs.find(visit.owner, visit.event.parameters.get("job", ""))
        if job is None or not self._is_kept(visit, job):
            raise _gone(visit)
        return job

    def _newest(self, visit: Visit) -> Job | None:
        while (job := self._parts.jobs.newest(visit.owner)) and not self._is_kept(visit, job):
            pass  # what is not kept is dropped, and was the newest
        return job

    def _is_kept(self, visit: Visit, job: Job) -> bool:
        """Tell whether a draft was not forgotten meanwhile; if it was, forget it here too."""
        if job.done is None or self._parts.has_draft(visit.record.name, job.done.draft_id):
            return True
        self._parts.jobs.drop(job)
        return False

    def _done(self, visit: Visit) -> Done:
        done = self._job(visit).done
        if done is None:
            raise _gone(visit)
        return done


def _need(event: Event, scope: str) -> None:
    """Have the user asked for a consent that is not there; where Google does not say, its refusal will tell.

    Google says nothing where there is no consent at all, but whoever gave none is not named either: the door asks them.
    """
    if event.scopes is not None and scope not in event.scopes:
        raise ConsentNeeded(scope, *ALONG.get(scope, ()))


def _has(event: Event, scope: str) -> bool:
    return scope in (event.scopes or ())


def _place(event: Event) -> Place:
    """Return where a button was pressed, read as strictly as if a stranger had written it."""
    given = event.parameters
    return Place(
        name="compose" if given.get("place") == "compose" else "message",
        message_id=plain_id(given.get("message", "")),
        recipients=event.recipients or addresses((given.get("to", ""),)),
    )


def _held(job: Job) -> Held:
    return Held(job_id=job.job_id, wish=job.order.wish)


def _gone(visit: Visit) -> Gone:
    return Gone(visit.say("gone"), hint=visit.say("gone_hint"))
