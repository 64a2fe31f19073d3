"""The client of the model server, against a server that speaks the protocol."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import openai
import pytest

from connectors.errors import EngineDown, EngineError, EngineLost, ModelMissing
from connectors.llm import STARTS_S, ModelServer, Sampling, translate
from connectors.reason import Reason
from tests.fake_engine import BASE, FakeEngine, draft_of

MESSAGES = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    """A model server that knows the base model only."""
    with FakeEngine() as running:
        yield running


@pytest.fixture
def server(engine: FakeEngine) -> Iterator[ModelServer]:
    """Its client."""
    client = ModelServer(engine.url, timeout_s=5)
    yield client
    client.close()


def test_a_running_server_is_ready_and_a_missing_one_is_not(server: ModelServer) -> None:
    """Readiness is a yes or no, never an exception."""
    assert server.is_ready()
    assert not ModelServer("http://127.0.0.1:9/v1", timeout_s=1).is_ready()


def test_complete_and_stream_give_the_same_text(server: ModelServer) -> None:
    """Streaming changes when words arrive, not which."""
    assert server.complete(BASE, MESSAGES, Sampling()) == draft_of(BASE)
    pieces = list(server.stream(BASE, MESSAGES, Sampling()))
    assert len(pieces) > 5
    assert "".join(pieces) == draft_of(BASE)


def test_sampling_reaches_the_server(engine: FakeEngine, server: ModelServer) -> None:
    """Every setting is sent as it is named in the protocol."""
    server.complete(BASE, MESSAGES, Sampling(temperature=0, top_p=0.5, max_tokens=7, seed=3, stop=("\n\n",)))
    sent = engine.behaviour.requests[-1]
    expected = {"temperature": 0, "top_p": 0.5, "max_tokens": 7, "seed": 3, "stop": ["\n\n"], "messages": MESSAGES}
    assert sent | expected == sent


def test_adapters_come_and_go_under_their_names(engine: FakeEngine, server: ModelServer, tmp_path: Path) -> None:
    """A loaded adapter can be asked for; an unloaded one cannot."""
    server.load_adapter("ana@v1", tmp_path)
    assert server.models() == [BASE, "ana@v1"]
    assert server.complete("ana@v1", MESSAGES, Sampling()) == draft_of("ana@v1")
    server.unload_adapter("ana@v1")
    with pytest.raises(ModelMissing, match="ana@v1"):
        server.complete("ana@v1", MESSAGES, Sampling())
    with pytest.raises(ModelMissing):
        server.unload_adapter("ana@v1")
    assert engine.behaviour.log == ["load ana@v1", "unload ana@v1"]


def test_a_name_is_loaded_once_and_a_missing_folder_is_said(server: ModelServer, tmp_path: Path) -> None:
    """What the server refuses comes back in words."""
    server.load_adapter("ana@v1", tmp_path)
    with pytest.raises(EngineError, match="already been loaded"):
        server.load_adapter("ana@v1", tmp_path)
    with pytest.raises(ModelMissing):
        server.load_adapter("ana@v2", tmp_path / "missing")


def test_closing_a_stream_ends_the_generation(engine: FakeEngine, server: ModelServer) -> None:
    """The server notices that nobody listens any more."""
    engine.behaviour.piece_s = 0.02
    stream = server.stream(BASE, MESSAGES, Sampling())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert engine.behaviour.aborted.wait(2)


@pytest.mark.parametrize("field", ["stops_after", "fails_after"])
def test_half_a_draft_is_an_error(engine: FakeEngine, server: ModelServer, field: str) -> None:
    """A server that dies in the middle does not leave a draft that looks whole."""
    setattr(engine.behaviour, field, 2)
    with pytest.raises(EngineError):
        list(server.stream(BASE, MESSAGES, Sampling()))


@pytest.mark.parametrize(("status", "kind"), [(503, EngineDown), (429, EngineDown), (500, EngineError)])
def test_refusals_are_told_apart(engine: FakeEngine, server: ModelServer, status: int, kind: type[EngineError]) -> None:
    """Busy can be waited for; broken cannot."""
    engine.behaviour.status = status
    with pytest.raises(EngineError) as caught:
        server.complete(BASE, MESSAGES, Sampling())
    assert type(caught.value) is kind
    assert caught.value.hint


def test_each_piece_says_who_wrote_it(engine: FakeEngine, server: ModelServer) -> None:
    """Should another go on where an adapter began, the draft is an error from there on; so is a whole answer."""
    engine.behaviour.models["ana@v1"] = ""
    engine.behaviour.piece_s = 0.02
    stream = server.stream("ana@v1", MESSAGES, Sampling())
    assert next(stream)
    engine.behaviour.lying = True
    with pytest.raises(EngineError, match=f"Asked for ana@v1, {BASE} answered"):
        list(stream)
    with pytest.raises(EngineError, match="answered"):
        server.complete("ana@v1", MESSAGES, Sampling())


def test_a_base_model_may_go_by_a_longer_name(engine: FakeEngine, server: ModelServer) -> None:
    """Servers other than vLLM answer so; that is no lie about an adapter."""
    engine.behaviour.models["short"] = ""
    engine.behaviour.lying = True
    assert "".join(server.stream("short", MESSAGES, Sampling())) == draft_of("short")


def test_where_the_base_model_lies_is_told(engine: FakeEngine, server: ModelServer, tmp_path: Path) -> None:
    """Of all models, the one that is no adapter."""
    server.load_adapter("ana@v1", tmp_path)
    assert server.base_path() == engine.behaviour.base_path


def test_a_probe_sees_who_answers(engine: FakeEngine, server: ModelServer) -> None:
    """A server that answers as another model than asked does not pass for it."""
    server.probe(BASE)
    engine.behaviour.models["ana@v1"] = ""
    engine.behaviour.lying = True
    with pytest.raises(EngineError, match="base answered"):
        server.probe("ana@v1")


def test_another_kind_of_server_is_named_as_such(tmp_path: Path) -> None:
    """A URL that leads to some other web server gives one clear line."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "models").write_text("<html>hello</html>")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True).start()
        with pytest.raises(EngineError, match="no model server"):
            ModelServer(f"http://127.0.0.1:{other.server_address[1]}/v1").models()
        other.shutdown()


def test_silence_is_engine_down(engine: FakeEngine) -> None:
    """A server that takes too long counts as one that does not answer."""
    engine.behaviour.piece_s = 1
    with pytest.raises(EngineDown):
        list(ModelServer(engine.url, timeout_s=0.2).stream(BASE, MESSAGES, Sampling()))


def test_an_engine_that_dies_under_its_server_is_down() -> None:
    """Whoever was waiting gets a 500 from vLLM: asking again helps, as it does not where it refuses."""
    error = openai.InternalServerError.__new__(openai.InternalServerError)
    error.message = "Error code: 500 - EngineCore encountered an issue. See stack trace (above) for the root cause."
    assert isinstance(translate(error), EngineDown)
    error.message = "Error code: 500 - tensor shapes do not fit"
    assert not isinstance(translate(error), EngineDown)


def test_a_proxy_of_the_environment_is_not_used(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts go to the server named and nowhere else."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ModelServer(engine.url).models() == [BASE]


def test_every_error_of_the_client_library_is_translated() -> None:
    """An error class added by a newer openai is translated too, and says what to do."""
    classes = [openai.OpenAIError]
    for known in classes:
        classes.extend(known.__subclasses__())
    assert len(classes) > 10
    for known in classes:
        error = known.__new__(known)
        assert translate(error).hint, known


def test_importing_the_client_does_not_import_openai() -> None:
    """Commands that draft nothing do not wait for the client library."""
    code = "import sys, connectors.llm; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_engine_that_dies_in_the_middle_of_a_stream_is_lost(engine: FakeEngine, server: ModelServer) -> None:
    """The error comes as an event without a status; asking again helps."""
    engine.behaviour.fails_after = 2
    engine.behaviour.fails_with = "EngineCore encountered an issue. See stack trace (above) for the root cause."
    with pytest.raises(EngineLost):
        list(server.stream(BASE, MESSAGES, Sampling()))


def test_only_a_connection_that_broke_is_lost(engine: FakeEngine, server: ModelServer) -> None:
    """One that is busy or slow is down for a while, and may well live."""
    engine.behaviour.status = 503
    with pytest.raises(EngineDown) as busy:
        server.probe(BASE)
    engine.behaviour.status, engine.behaviour.piece_s = 200, 1
    with pytest.raises(EngineDown) as slow:
        list(ModelServer(engine.url, timeout_s=0.2).stream(BASE, MESSAGES, Sampling()))
    assert not isinstance(busy.value, EngineLost)
    assert not isinstance(slow.value, EngineLost)
    assert (busy.value.reason, slow.value.reason) == (Reason.CROWDED, Reason.SLOW)
    with pytest.raises(EngineLost):
        ModelServer("http://127.0.0.1:9/v1").models()


def test_a_server_that_somebody_starts_again_is_not_to_be_started_by_its_user() -> None:
    """Whoever asked is told to wait, and for how long; nothing says where the server is."""
    kept = ModelServer("http://127.0.0.1:9/v1", is_kept=lambda: True)
    with pytest.raises(EngineLost) as starting:
        kept.models()
    assert starting.value.reason is Reason.STARTS
    assert starting.value.retry_after_s == STARTS_S
    with pytest.raises(EngineLost) as lost:
        ModelServer("http://127.0.0.1:9/v1").models()
    assert lost.value.reason is Reason.LOST
    for error in (starting.value, lost.value):
        assert "127.0.0.1" not in f"{error} {error.hint}"
