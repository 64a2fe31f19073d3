"""Choosing the few mails worth showing."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from connectors.message import Address, Email, ThreadMessage
from retrieval.edge import open_edge
from retrieval.embedder import Embedder, EmbedderSettings
from retrieval.index import Hit, StoredMail
from retrieval.prompt import Request
from retrieval.rank import Encoder, RetrievalSettings, Retriever, rank

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ANA = Address(addr="ana@example.org", name="Ana")
BEN = Address(addr="ben@example.org")
CLEO = Address(addr="cleo@example.org")
TOPICS = ("invoice", "garden", "travel", "music")


class TopicEncoder:
    """Stands in for the model: a text's vector tells which of four topics it names."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return vectors of shape (n, 5); the last number is what texts without a topic have in common."""
        counts = [[text.lower().count(topic) for topic in TOPICS] for text in texts]
        rows = [[*row, 0.0 if any(row) else 1.0] for row in counts]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), 5)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def hit(
    message_id: str,
    similarity: float,
    *,
    words: float = 0.0,
    to: tuple[Address, ...] = (),
    age: timedelta | None = DAY,
    axis: int = 0,
    text_hash: str = "",
) -> Hit:
    """Make a hit whose passage lies on an axis of its own, so that it is nobody's twin."""
    stored = StoredMail(
        message_id=message_id,
        subject="",
        recipients=to,
        sent_at=None if age is None else NOW - age,
        text=message_id,
        text_hash=text_hash or message_id,
    )
    return Hit(mail=stored, similarity=similarity, word_score=words, vector=np.eye(8, dtype=np.float32)[axis])


def order(hits: Sequence[Hit], *, to: Collection[Address] = (), **settings: float) -> list[str]:
    """Rank hits with settings changed as given, and return their ids."""
    chosen = RetrievalSettings.model_validate({"threshold": 0.3} | settings)
    return [source.message_id for source in rank(hits, to, now=NOW, settings=chosen)]


def test_nothing_is_better_than_noise() -> None:
    """A mail below the threshold is left out, be it new, to the same person and full of the same words."""
    noise = hit("noise", 0.29, words=50, to=(ANA,), age=timedelta(0))
    assert order([noise, hit("help", 0.31, axis=1, age=None)], to=[ANA]) == ["help"]
    assert order([noise], to=[ANA]) == []


def test_similarity_leads() -> None:
    """The nearer mail stands first, and at most `count` are returned."""
    hits = [hit("b", 0.5, axis=1), hit("a", 0.7), hit("c", 0.4, axis=2)]
    assert order(hits) == ["a", "b", "c"]
    assert order(hits, count=2) == ["a", "b"]
    assert order(hits, count=0) == []


@pytest.mark.parametrize(
    "better",
    [
        hit("better", 0.5, words=9, axis=1),
        hit("better", 0.5, to=(BEN, ANA), axis=1),
        hit("better", 0.5, age=timedelta(0), axis=1),
    ],
    ids=["words", "recipients", "age"],
)
def test_ties_are_broken_by_what_fits(better: Hit) -> None:
    """Of two mails equally near, equal words, the same recipient and a newer date each decide."""
    assert order([hit("a", 0.5, age=700 * DAY, to=(CLEO,)), better], to=[ANA]) == ["better", "a"]


def test_partly_the_same_recipients_count_partly() -> None:
    """A mail to both people asked for goes before one to a single one of them."""
    hits = [hit("both", 0.5, to=(BEN, ANA)), hit("a-one", 0.5, to=(ANA,), axis=1)]
    assert order(hits, to=[ANA, BEN]) == ["both", "a-one"]


def test_scores_are_shares() -> None:
    """A score lies between 0 and 1, whatever the weights; a mail from the future is no reason to leave that."""
    best = hit("best", 1.0, words=3, to=(ANA,), age=-5 * DAY)
    (source,) = rank([best], [ANA], now=NOW, settings=RetrievalSettings(word_weight=5))
    assert source.score == pytest.approx(1.0)
    (faint,) = rank([hit("faint", -0.5, age=None)], [], now=NOW, settings=RetrievalSettings(threshold=-1))
    assert faint.score == 0


@pytest.mark.parametrize("twins", [{"text_hash": "same"}, {"axis": 3}], ids=["text", "vector"])
def test_near_duplicates_are_folded_into_the_newest(twins: dict[str, object]) -> None:
    """Of mails that say the same only the newest is shown, where the best of them would have stood."""
    axes = ({"axis": 0}, {"axis": 1}, {"axis": 2}) if "text_hash" in twins else ({}, {}, {})
    hits = [
        hit("old", 0.9, age=300 * DAY, **(axes[0] | twins)),
        hit("new", 0.8, age=DAY, **(axes[1] | twins)),
        hit("undated", 0.7, age=None, **(axes[2] | twins)),
        hit("other", 0.85, axis=4),
    ]
    assert order(hits) == ["new", "other"]


def test_equals_come_in_one_order() -> None:
    """Whatever order the index answers in, the same mails come out in the same order."""
    hits = [hit(name, 0.5, axis=axis) for axis, name in enumerate("abcd")]
    assert order(hits) == order(hits[::-1]) == ["a", "b", "c"]


@pytest.fixture
def retriever(tmp_path: Path) -> Iterator[Retriever]:
    """A retriever on the embedded index, with the stand-in for the model."""
    made = retriever_on(tmp_path, TopicEncoder(), dimension=5)
    yield made
    made.close()


def retriever_on(folder: Path, encoder: Encoder, *, dimension: int) -> Retriever:
    """Open an index and a retriever on it whose clock stands still."""
    index = open_edge(folder / "index", dimension=dimension, model="test")
    return Retriever(index, encoder, RetrievalSettings(), clock=lambda: NOW)


def email(message_id: str, text: str, *, sent_at: datetime | None = NOW - DAY, **more: object) -> Email:
    """Make a sent mail."""
    return Email(message_id=message_id, sender=ANA, text=text, sent_at=sent_at, **more)


def request(instruction: str = "", **more: object) -> Request:
    """Make a request of the account "ana"."""
    return Request(account="ana", owner=ANA, instruction=instruction, **more)


def found(retriever: Retriever, wanted: Request, **limits: object) -> list[str]:
    """Return the ids of what is found."""
    return [source.message_id for source in retriever.find(wanted, **limits)]


def test_source_carries_the_whole_mail(retriever: Retriever) -> None:
    """What is found by one passage comes with all of its text, subject, date and recipients, copied ones included."""
    text = f"{'The garden is in bloom. ' * 60}\n\n{'Now the travel is booked. ' * 60}"
    retriever.add("ana", [email("a@x", text, subject="Spring", to=(BEN,), cc=(CLEO,))])
    (source,) = retriever.find(request("book the travel, travel"))
    assert (source.message_id, source.subject, source.text) == ("a@x", "Spring", text)
    assert (source.recipients, source.sent_at) == ((BEN, CLEO), NOW - DAY)


def test_overlong_mail_is_shortened(retriever: Retriever) -> None:
    """Only so much of a mail is kept to be shown, cut between words and marked, but its end is still searched."""
    retriever.add("ana", [email("a@x", "Nothing of note. " * 1000 + "The invoice follows.")])
    (source,) = retriever.find(request("invoice"))
    assert len(source.text) < 4100
    assert source.text.endswith((" […]",))
    assert source.text.removesuffix(" […]").split()[-1] in {"Nothing", "of", "note."}


def test_query_is_instruction_subject_and_last_message(retriever: Retriever) -> None:
    """Each of the three finds its mail alone; messages before the last do not count, nor does an empty request."""
    retriever.add("ana", [email(f"{topic}@x", f"About {topic}") for topic in TOPICS])
    assert found(retriever, request("pay the invoice")) == ["invoice@x"]
    assert found(retriever, request(subject="Re: garden")) == ["garden@x"]
    thread = (ThreadMessage(sender=BEN, text="music?"), ThreadMessage(sender=BEN, text="Any travel plans?"))
    assert found(retriever, request(thread=thread)) == ["travel@x"]
    assert found(retriever, request()) == []
    assert found(retriever, request("something else")) == []


def test_a_change_is_searched_by_what_the_draft_was_asked_by(retriever: Retriever) -> None:
    """How to change it finds nothing; what the mail is about does, as it was asked at first or as the draft has it."""
    retriever.add("ana", [email(f"{topic}@x", f"About {topic}") for topic in TOPICS])
    assert found(retriever, request("more music", revised="The garden grows.")) == ["garden@x"]
    assert found(retriever, request("music", revised="garden", earlier=("pay the invoice", "travel"))) == ["invoice@x"]
    assert found(retriever, request("music", revised="garden", earlier=("", "travel"))) == ["garden@x"]


def test_training_never_sees_the_target_or_what_came_later(retriever: Retriever) -> None:
    """With `before` and `exclude` neither the mail itself, nor a copy of that moment, nor a later one is found."""
    mails = {"old": NOW - 9 * DAY, "target": NOW - 5 * DAY, "copy": NOW - 5 * DAY, "later": NOW - DAY, "undated": None}
    retriever.add("ana", [email(name, f"invoice {name}", sent_at=at) for name, at in mails.items()])
    assert found(retriever, request("invoice"), before=NOW - 5 * DAY, exclude=("target",)) == ["old"]


def test_other_accounts_are_not_asked(retriever: Retriever) -> None:
    """A request finds the mail of its own account only, in every way of taking mail out too."""
    retriever.add("ana", [email("a@x", "invoice")])
    retriever.add("ben", [email("b@x", "invoice"), email("c@x", "invoice again")])
    assert found(retriever, request("invoice")) == ["a@x"]
    retriever.remove("ben", ["b@x"])
    assert (retriever.count("ana"), retriever.count("ben")) == (1, 1)
    retriever.forget("ben")
    assert (retriever.count("ana"), retriever.count("ben")) == (1, 0)
    retriever.clear()
    assert retriever.count("ana") == 0


def test_many_mails_and_empty_ones(retriever: Retriever) -> None:
    """Mails are stored in batches, all of them; one without text is no help to anybody and is left out."""
    retriever.add("ana", [email(f"{n}@x", f"music {n}") for n in range(150)] + [email("empty@x", "", subject="music")])
    assert retriever.count("ana") == 150
    retriever.add("ana", [])


MAILS = {
    "dentist": "Dear Dr. Stein,\nI have to move my appointment on Thursday. Would next week be possible?\nBest, Ana",
    "review": "Hi Tom,\nI read your draft of the report. The figures in chapter 2 need a source.\nCheers, Ana",
    "lunch": "Shall we meet for lunch at the Italian place on Friday? My treat.",
    "flat": "Hello, the heating in my flat is broken again. Please send somebody to repair it.",
}
ASKED = {
    "dentist": "Ask the doctor to reschedule my appointment",
    "review": "Give feedback on the draft report",
    "lunch": "Propose to have lunch together on Friday",
    "flat": "Tell the landlord that the heating does not work",
}
FOREIGN = ("Order twenty kilos of flour", "Congratulate on the birth of the twins", "Sell my old guitar")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    """A retriever with the real model, on four mails."""
    model = Embedder(EmbedderSettings())
    made = retriever_on(tmp_path_factory.mktemp("real"), model, dimension=model.dimension)
    made.add("ana", [email(name, text) for name, text in MAILS.items()])
    yield made
    made.close()


@pytest.mark.parametrize("name", MAILS)
def test_real_model_finds_what_fits(real: Retriever, name: str) -> None:
    """With the default threshold an instruction in other words finds its mail first."""
    assert found(real, request(ASKED[name]))[:1] == [name]


@pytest.mark.parametrize("instruction", FOREIGN)
def test_real_model_finds_nothing_foreign(real: Retriever, instruction: str) -> None:
    """With the default threshold an instruction on another subject finds nothing."""
    assert found(real, request(instruction)) == []
