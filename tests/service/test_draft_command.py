"""`cyrano draft`, beside a service that runs."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from connectors.archive import Archive
from service.__main__ import main
from service.http import HttpSettings
from service.web import create_app
from tests.connectors.samples import account_record
from tests.ports import free_port
from tests.service.stand_ins import House, StandInModelServer

Said = Callable[..., str]


@pytest.fixture
def model() -> StandInModelServer:
    """What writes."""
    return StandInModelServer()


@pytest.fixture
def draft(
    tmp_path: Path, model: StandInModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Said]:
    """`cyrano draft` with more arguments, beside a service on the same home; returns what it says."""
    monkeypatch.setenv("CYRANO_HOME", str(tmp_path))
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as archive:
        archive.add_account(account_record("ana"))
        port = free_port()
        application = create_app(House(archive.engine, model).parts(), HttpSettings(port=port))
        server = make_server("127.0.0.1", port, application)
        (tmp_path / "cyrano.toml").write_text(f"[http]\nport = {port}\n")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()

        def call(*arguments: str) -> str:
            with pytest.raises(SystemExit) as ended:
                main(["draft", *arguments])
            said = capsys.readouterr()
            return f"{said.out}{said.err}" if not ended.value.code else f"{ended.value.code}: {said.err}"

        yield call
        server.shutdown()
        thread.join(5)


def test_a_draft_streams_to_the_terminal(draft: Said, model: StandInModelServer) -> None:
    """With how it is to sound; what is left to check is named."""
    model.pieces = ["See you at 15:00, ", "look at https://evil.example."]
    said = draft("come at 15:00", "--tone", "formal", "--length", "short")
    assert said.startswith("See you at 15:00, look at https://evil.example.\n")
    assert "— check: https://evil.example" in said
    assert "Tone: formal\nLength: short, a few sentences\nInstruction: come at 15:00" in model.prompts[0]


def test_nothing_to_check_is_not_mentioned(draft: Said, model: StandInModelServer) -> None:
    """And without a wish the prompt has none."""
    model.pieces = ["Fine, thanks."]
    assert "check" not in draft("say it is fine")
    assert "Tone:" not in model.prompts[0]
