"""The contract of `retrieval.index.Index`: what every index promises, run against each."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from connectors.errors import ConfigError, StoreBusy, StoreError
from connectors.message import Address
from retrieval.edge import open_edge
from retrieval.index import Hit, Index, IndexedMail, IndexSettings, Passage, StoredMail, open_index
from retrieval.server import ServerIndex
from retrieval.sparse import document_weights, query_weights

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
DIMENSION = 8

Open = Callable[..., Index]


def open_embedded(folder: Path, *, dimension: int = DIMENSION, model: str = "m", fresh: bool = False) -> Index:
    """Open the embedded engine on a folder."""
    return open_edge(folder, dimension=dimension, model=model, fresh=fresh)


def open_stand_in(folder: Path, *, dimension: int = DIMENSION, model: str = "m", fresh: bool = False) -> Index:
    """Open what talks to a server, on the local mode of Qdrant's client."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Payload indexes have no effect")
        index = ServerIndex(QdrantClient(path=str(folder)), collection="cyrano", name="local mode")
        try:
            index.prepare(dimension=dimension, model=model, fresh=fresh)
        except BaseException:
            index.close()
            raise
    return index


@pytest.fixture(params=[open_embedded, open_stand_in], ids=["edge", "server"])
def open_it(request: pytest.FixtureRequest) -> Open:
    """How the index under test is opened."""
    opener: Open = request.param
    return opener


@pytest.fixture
def index(open_it: Open, tmp_path: Path) -> Iterator[Index]:
    """An empty index."""
    opened = open_it(tmp_path / "index")
    yield opened
    opened.close()


def unit(*numbers: float) -> np.ndarray:
    """Make a vector of unit length that starts with these numbers."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[: len(numbers)] = numbers
    return vector / np.linalg.norm(vector)


def mail(message_id: str, *pieces: tuple[np.ndarray, str], sent_at: datetime | None = NOON) -> IndexedMail:
    """Make a mail out of (vector, text) pieces."""
    text = " ".join(words for _, words in pieces)
    passages = tuple(Passage(vector=vector, words=document_weights(words)) for vector, words in pieces)
    stored = StoredMail(
        message_id=message_id,
        subject=f"About {message_id}",
        recipients=(Address(addr="bea@example.org", name="Bea Überall"), Address(addr="c@example.org")),
        sent_at=sent_at,
        text=text,
        text_hash=f"hash of {text}",
    )
    return IndexedMail(mail=stored, passages=passages)


def query(vector: np.ndarray, text: str = "") -> Passage:
    """Make a query."""
    return Passage(vector=vector, words=query_weights(text))


def ids(hits: list[Hit]) -> set[str]:
    """Return the ids of what was found."""
    return {hit.mail.message_id for hit in hits}


def test_gives_back_what_was_stored(index: Index) -> None:
    """A hit carries the mail unchanged, with the cosine of its passage."""
    stored = mail("a@x", (unit(3, 4), "Grüße aus Köln\n\nzweiter Absatz"))
    index.add("ana", [stored])
    (hit,) = index.search("ana", query(unit(1, 0)), limit=5)
    assert hit.mail == stored.mail
    assert hit.similarity == pytest.approx(0.6, abs=1e-5)
    assert np.allclose(hit.vector, unit(3, 4), atol=1e-6)


def test_a_rewrite_keeps_what_is_there_and_no_trace_of_what_is_not(open_it: Open, tmp_path: Path) -> None:
    """All that was not taken out is found as before, also after the next start; of the rest no file tells."""
    index = open_it(tmp_path / "index")
    index.add("ana", [mail(f"m{number}@x", (unit(1, number), f"number {number}")) for number in range(205)])
    index.add("ana", [mail("gone@x", (unit(1), "Xylographica is a secret"))])
    index.add("ben", [mail("b@x", (unit(0, 1), "ben writes"), (unit(0, 1), "more"))])
    index.remove("ana", ["gone@x"])
    index.rewrite()
    for opened in (index, None):
        found = opened or open_it(tmp_path / "index")
        assert (found.count("ana"), found.count("ben")) == (205, 1)
        (hit,) = found.search("ana", query(unit(1, 7), "number 7"), limit=1)
        assert hit.mail == mail("m7@x", (unit(1, 7), "number 7")).mail
        found.close()
    files = [path for path in (tmp_path / "index").rglob("*") if path.is_file()]
    assert [path for path in files if b"Xylographica" in path.read_bytes() or b"gone@x" in path.read_bytes()] == []
    assert not [path for path in (tmp_path / "index").rglob("*") if path.name.endswith((".new", ".old", "-copy"))]


def test_what_a_broken_off_rewrite_of_the_folder_left_is_put_right(tmp_path: Path) -> None:
    """Killed while it copies, the old shard stays; killed while they change places, the new one takes over."""
    folder = tmp_path / "index"
    index = open_embedded(folder)
    index.add("ana", [mail("a@x", (unit(1), "a"))])
    index.close()
    (folder / "shard.new").mkdir()
    open_embedded(folder).close()
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", "lock", "shard"]
    shutil.copytree(folder / "shard", folder / "shard.new")
    (folder / "shard").rename(folder / "shard.old")
    index = open_embedded(folder)
    assert index.count("ana") == 1
    index.close()
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", "lock", "shard"]


def test_what_a_broken_off_rewrite_on_the_server_left_is_put_right(tmp_path: Path) -> None:
    """A copy that is not whole goes; from a whole one the collection is made anew."""
    index = open_stand_in(tmp_path)
    assert isinstance(index, ServerIndex)
    index.add("ana", [mail("a@x", (unit(1), "a"))])
    index._copy_all("cyrano", "cyrano-copy")
    index.remove("ana", ["a@x"])
    index.add("ana", [mail(f"{number}@x", (unit(1), "b")) for number in (1, 2)])
    index.prepare(dimension=DIMENSION, model="m", fresh=False)
    assert index.count("ana") == 2
    index._copy_all("cyrano", "cyrano-copy")
    index._client.update_collection("cyrano-copy", metadata={"is_whole": True})
    index._client.delete_collection("cyrano")
    index.prepare(dimension=DIMENSION, model="m", fresh=False)
    assert index.count("ana") == 2
    assert not index._client.collection_exists("cyrano-copy")
    index.close()


def test_keeps_accounts_apart(index: Index) -> None:
    """No call for one account shows, counts or removes the mail of another, even under the same message id."""
    index.add("ana", [mail("same@x", (unit(1), "ana writes"))])
    index.add("ben", [mail("same@x", (unit(1), "ben writes")), mail("only@x", (unit(1), "secret"))])
    (hit,) = index.search("ana", query(unit(1), "ben secret writes"), limit=10)
    assert hit.mail.text == "ana writes"
    of_ben = index.search("ben", query(unit(1), "ana writes"), limit=10)
    assert {hit.mail.text for hit in of_ben} == {"ben writes", "secret"}
    assert (index.count("ana"), index.count("ben"), index.count("cleo")) == (1, 2, 0)
    index.remove("ana", ["only@x"])
    index.forget("ana")
    assert (index.count("ana"), index.count("ben")) == (0, 2)
    assert index.search("ana", query(unit(1), "secret"), limit=10) == []


def test_rarity_of_a_word_is_that_of_the_account(index: Index) -> None:
    """Another account's mail does not change a word's weight: scores would tell what others write about."""
    index.add("ana", [mail("a@x", (unit(1), "merger offer")), mail("b@x", (unit(1), "lunch"))])
    before = {hit.mail.message_id: hit.word_score for hit in index.search("ana", query(unit(1), "merger"), limit=5)}
    index.add("ben", [mail(f"{n}@y", (unit(1), "merger merger")) for n in range(20)])
    after = {hit.mail.message_id: hit.word_score for hit in index.search("ana", query(unit(1), "merger"), limit=5)}
    assert before["a@x"] > 0
    assert after == pytest.approx(before)


def test_finds_by_words_what_meaning_misses(index: Index) -> None:
    """A mail far off by its vector is found by a rare word, and its true cosine is told."""
    index.add("ana", [mail(f"{n}@x", (unit(1, n / 100), "something else")) for n in range(20)])
    index.add("ana", [mail("invoice@x", (unit(0, 0, 1), "invoice 4711"))])
    hits = index.search("ana", query(unit(1), "where is invoice 4711"), limit=3)
    (found,) = [hit for hit in hits if hit.mail.message_id == "invoice@x"]
    assert found.word_score > 0
    assert found.similarity == pytest.approx(0.0, abs=1e-6)


def test_best_passage_stands_for_its_mail(index: Index) -> None:
    """A mail with several passages comes up once, by its nearest one, and counts once."""
    index.add("ana", [mail("long@x", (unit(0, 1), "one"), (unit(1, 0.1), "two"), (unit(0, 0, 1), "three"))])
    (hit,) = index.search("ana", query(unit(1), "one"), limit=10)
    assert hit.similarity == pytest.approx(float(unit(1, 0.1) @ unit(1)), abs=1e-5)
    assert hit.word_score > 0
    assert index.count("ana") == 1


def test_adding_again_replaces(index: Index) -> None:
    """The same mail added twice is there once, without passages of the version before."""
    index.add("ana", [mail("a@x", (unit(1), "old"), (unit(0, 1), "older"))])
    index.add("ana", [mail("a@x", (unit(0, 0, 1), "new"))])
    (hit,) = index.search("ana", query(unit(0, 1), "older"), limit=10)
    assert (hit.mail.text, hit.word_score, index.count("ana")) == ("new", 0.0, 1)


def test_before_is_strict(index: Index) -> None:
    """With `before`, mail of that very moment, later mail and mail without a date stay out."""
    times = {"old": NOON - DAY, "just": NOON - timedelta(microseconds=1), "now": NOON, "new": NOON + DAY, "none": None}
    index.add("ana", [mail(name, (unit(1), "text"), sent_at=sent_at) for name, sent_at in times.items()])
    assert ids(index.search("ana", query(unit(1), "text"), limit=9, before=NOON)) == {"old", "just"}
    assert ids(index.search("ana", query(unit(1), "text"), limit=9)) == set(times)


def test_excluded_mail_makes_room(index: Index) -> None:
    """Excluded ids are left out before the nearest are chosen, not after."""
    index.add("ana", [mail("a@x", (unit(1), "text")), mail("b@x", (unit(1, 1), "text"))])
    assert ids(index.search("ana", query(unit(1), "text"), limit=1, exclude={"a@x", "unknown"})) == {"b@x"}


def test_nothing_to_do_is_done(index: Index) -> None:
    """Empty input and unknown ids do no harm; an empty index finds nothing."""
    index.add("ana", [])
    index.remove("ana", [])
    index.remove("ana", ["unknown"])
    assert index.search("ana", query(unit(1), ""), limit=5) == []
    index.add("ana", [mail("a@x", (unit(1), "text"))])
    assert ids(index.search("ana", query(unit(1), ""), limit=5)) == {"a@x"}


def test_clear_empties_all_accounts(index: Index) -> None:
    """After `clear` no account has mail, and the index can be filled again."""
    index.add("ana", [mail("a@x", (unit(1), "text"))])
    index.add("ben", [mail("b@x", (unit(1), "text"))])
    index.clear()
    assert (index.count("ana"), index.count("ben")) == (0, 0)
    index.add("ana", [mail("a@x", (unit(1), "text"))])
    assert index.count("ana") == 1


def test_outlasts_a_restart(open_it: Open, tmp_path: Path) -> None:
    """What was stored is found after closing and opening."""
    first = open_it(tmp_path / "index")
    first.add("ana", [mail("a@x", (unit(1), "rare"))])
    first.close()
    second = open_it(tmp_path / "index")
    (hit,) = second.search("ana", query(unit(1), "rare"), limit=5)
    second.close()
    assert (hit.mail.message_id, hit.word_score > 0) == ("a@x", True)


@pytest.mark.parametrize("other", [{"dimension": 16}, {"model": "another"}], ids=["dimension", "model"])
def test_refuses_vectors_of_another_model(open_it: Open, tmp_path: Path, other: dict[str, object]) -> None:
    """An index made by another model is refused with the way out, which `fresh` then is."""
    open_it(tmp_path / "index").close()
    with pytest.raises(StoreError) as caught:
        open_it(tmp_path / "index", **other)
    assert "cyrano reindex" in caught.value.hint
    renewed = open_it(tmp_path / "index", **other, fresh=True)
    assert renewed.count("ana") == 0
    renewed.close()
    open_it(tmp_path / "index", **other).close()


def test_threads_share_it(tmp_path: Path) -> None:
    """The embedded index is searched and filled from several threads at once without loss."""
    index = open_embedded(tmp_path / "index")
    found: list[int] = []

    def work(number: int) -> None:
        for step in range(10):
            index.add("ana", [mail(f"{number}-{step}@x", (unit(1), "text"))])
            found.append(len(index.search("ana", query(unit(1), "text"), limit=100)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (index.count("ana"), len(found)) == (40, 40)
    index.close()


HOLDER = """
import sys, time
from pathlib import Path
from tests_contract import mail, open_embedded, unit
index = open_embedded(Path(sys.argv[1]))
index.add("ana", [mail("a@x", (unit(1), "text"))])
print("ready", flush=True)
time.sleep(60)
"""


def test_second_process_is_told_and_a_killed_one_loses_nothing(tmp_path: Path) -> None:
    """While one process holds the folder another gets StoreBusy; after SIGKILL the mail is there."""
    (tmp_path / "tests_contract.py").symlink_to(__file__)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "index")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        for fresh in (False, True):
            with pytest.raises(StoreBusy, match="in use by another Cyrano process"):
                open_embedded(tmp_path / "index", fresh=fresh)
        holder.send_signal(signal.SIGKILL)
    survivor = open_embedded(tmp_path / "index")
    assert survivor.count("ana") == 1
    survivor.close()


@pytest.mark.parametrize("victim", ["index.json", "shard/edge_config.json", "shard/segments/*/segment.json"])
def test_broken_folder_says_what_to_do(tmp_path: Path, victim: str) -> None:
    """A file that was damaged gives a StoreError with the way out, and `fresh` opens the folder all the same."""
    index = open_embedded(tmp_path / "index")
    index.add("ana", [mail("a@x", (unit(1), "text"))])
    index.close()
    (path,) = (tmp_path / "index").glob(victim)
    path.write_bytes(b"{")
    with pytest.raises(StoreError) as caught:
        open_embedded(tmp_path / "index")
    assert "cyrano reindex" in caught.value.hint
    renewed = open_embedded(tmp_path / "index", fresh=True)
    assert renewed.count("ana") == 0
    renewed.close()


def test_interrupted_making_starts_over(tmp_path: Path) -> None:
    """A folder whose making was cut off, so that it lacks its mark, is made anew."""
    open_embedded(tmp_path / "index").close()
    (tmp_path / "index" / "index.json").unlink()
    index = open_embedded(tmp_path / "index")
    assert index.count("ana") == 0
    index.close()


def test_settings_choose_the_engine(tmp_path: Path) -> None:
    """Without a url the folder under home is used; a server that does not answer is named in the error."""
    index = open_index(IndexSettings(), home=tmp_path, dimension=DIMENSION, model="m")
    assert (tmp_path / "index").is_dir()
    index.close()
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9 failed"):
        open_index(IndexSettings(url="http://127.0.0.1:9"), home=tmp_path, dimension=DIMENSION, model="m")
    for url in ("qdrant:6333", "http://127.0.0.1:port"):
        with pytest.raises(ConfigError, match="no address"):
            open_index(IndexSettings(url=url), home=tmp_path, dimension=DIMENSION, model="m")
    unreadable = IndexSettings(url="http://127.0.0.1:9", api_key_file=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="API key"):
        open_index(unreadable, home=tmp_path, dimension=DIMENSION, model="m")
