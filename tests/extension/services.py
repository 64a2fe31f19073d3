"""The service the extension is paired with: the real HTTP stack on a socket, with a stand-in that writes."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from connectors import schema
from connectors.llm import Sampling
from service.draft_row import State
from service.http import HttpSettings, listen
from service.web import create_app
from tests.extension.front import Front, standing_before
from tests.ports import free_port
from tests.service.stand_ins import House, StandInModelServer, make_database

INSTRUCTION = "tell Marta that we see her soon"
"""What is asked for where it does not matter."""
PIECES = ("Hi Marta,\n\n", "see you ", "soon.", "\n\nAna")
"""What is written then, piece by piece."""
DRAFT = "".join(PIECES)
LONG = 60


@dataclass
class Writer(StandInModelServer):
    """A stand-in for the model that thinks before its first word, and a little after each."""

    thinks_s: float = 0.0
    piece_s: float = 0.0

    def stream(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> Iterator[str]:
        """Yield the pieces."""
        time.sleep(self.thinks_s)
        with closing(super().stream(model, messages, sampling)) as pieces:  # type: ignore[type-var]  # a generator
            for piece in pieces:
                yield piece
                time.sleep(self.piece_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service and what stands before it."""

    house: House
    writer: Writer
    front: Front

    @property
    def url(self) -> str:
        """The address a person would type."""
        return f"http://127.0.0.1:{self.front.port}"

    def make_code(self) -> str:
        """Make a code for both accounts, as `cyrano pair` does."""
        return self.house.pairings.make(["ana", "bob"]).code

    def feedback(self) -> list[str]:
        """Return what the ledger was told of drafts, in the order it was told."""
        newest_last = select(schema.feedback.c.kind).order_by(schema.feedback.c.given_at)
        with self.house.engine.connect() as connection:
            return list(connection.execute(newest_last).scalars())

    def writes(self, *pieces: str) -> None:
        """Have the model write these pieces from now on."""
        self.writer.pieces = pieces

    def thinks(self, first_s: float, piece_s: float) -> None:
        """Have the model take its time before its first word, and after each."""
        self.writer.thinks_s, self.writer.piece_s = first_s, piece_s

    def restore(self, pieces: Sequence[str] = PIECES) -> None:
        """Be as at the beginning."""
        self.front.restore()
        writer = self.writer
        if writer.gate:
            writer.gate.release(10_000)
        writer.pieces, writer.gate, writer.error, writer.sent = pieces, None, None, 0
        writer.thinks_s = writer.piece_s = 0.0
        writer.prompts.clear()
        writer.is_closed.clear()

    def hold(self) -> threading.Semaphore:
        """Have the model wait before each piece but the first; each release lets one go on."""
        gate = threading.Semaphore(0)
        self.writer.gate = gate
        return gate

    def hold_long(self) -> threading.Semaphore:
        """Have the model wait in the same way, with far more to say than anybody lets it."""
        self.writes(*PIECES, *("and on " for _ in range(LONG)))
        return self.hold()

    def breaks_off(self, gate: threading.Semaphore) -> bool:
        """Let a held model go on word by word, to its end if need be; tell whether it was stopped before."""
        for _ in range(LONG + len(PIECES)):
            if self.state() is not State.GENERATING:
                break
            gate.release()
            time.sleep(0.05)
        return self.state() is State.CANCELLED and self.writer.sent < len(self.writer.pieces)

    def state(self) -> State:
        """Return how Ana's newest draft stands in the ledger."""
        return self.house.ledger.recent("ana", 1)[0].state


@contextmanager
def running_service(folder: Path) -> Iterator[Service]:
    """Serve Ana and Bob while the block lasts."""
    writer = Writer(pieces=PIECES)
    house = House(engine=make_database(folder), model_server=writer, notices=())
    port = free_port()
    with standing_before(port) as front:
        own = f"127.0.0.1:{front.port}"
        # Tests ask faster than anybody types.
        many = {"drafts_per_minute": 10_000, "drafts_at_once": 16}
        settings = HttpSettings(port=port, allowed_hosts=(own,), heartbeat_s=0.2, threads=16, **many)
        server = listen(create_app(house.parts(), settings), settings)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield Service(house=house, writer=writer, front=front)
        finally:
            server.close()
            thread.join(5)
