"""What can go wrong on the way to Google, on order."""

import json
from dataclasses import dataclass, field
from threading import Lock


@dataclass(kw_only=True)
class Fault:
    """Something that goes wrong with the next calls of a method."""

    method: str
    """As the discovery document names it; "batch" for a batch as a whole, "" for any method."""
    where: str = ""
    """Only calls whose address holds this."""
    times: int = 1
    skip: int = 0
    """How many calls go well before."""
    status: int = 0
    """The server refuses with this."""
    reason: str = ""
    retry_after: str = ""
    delay_s: float = 0.0
    """The answer comes late."""
    is_cut: bool = False
    """Only the first half of the answer comes."""
    is_dropped: bool = False
    """The connection ends before anything is done."""
    is_lost: bool = False
    """It is done, and the connection ends before the answer."""

    def body(self) -> bytes:
        """Return the refusal as Google words it."""
        error = {"code": self.status, "message": "Something.", "errors": [{"reason": self.reason}], "status": "X"}
        return json.dumps({"error": error}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that reached the server."""

    method: str
    in_batch: bool
    status: int


@dataclass
class Faults:
    """All that was ordered, and is still to come."""

    _waiting: list[Fault] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault) -> None:
        """Order one."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let all go well from now on."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, path: str = "") -> Fault | None:
        """Return what goes wrong with a call of a method."""
        with self._lock:
            for fault in self._waiting:
                if (
                    fault.method not in {method, ""}
                    or (fault.method == "" and method == "batch")
                    or fault.where not in path
                ):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
                return fault
        return None
