"""`python -m trainer.training.worker`: one of the processes that train a model together; launch.py starts them.

The order comes as one line on standard input, and what is said goes as lines of JSON to standard output: progress,
what the stage of preferences did, an error that says what to do, or the name of a defect. When standard input closes,
nobody wants the work any more, and this process ends at once.
"""

import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from connectors.errors import CyranoError

logger = logging.getLogger(__name__)

Say = Callable[[dict[str, Any]], None]


def main(orders: BinaryIO, say: Say) -> int:
    """Carry out an order; return the exit code."""
    line = orders.readline()
    # Before torch is imported: that takes seconds, in which the leash must hold too.
    threading.Thread(target=_end_with, args=(orders,), daemon=True).start()
    from trainer.training.team import work  # noqa: PLC0415  see above

    try:
        summary = work(
            line, lambda done, total, note: say({"stage": "train", "done": done, "total": total, "note": note})
        )
        if summary:
            say({"preferred": summary})
    except CyranoError as error:
        say({"error": str(error), "hint": error.hint})
        return 1
    except Exception as error:  # noqa: BLE001  told in a line
        # Where, not what: the message of a foreign exception may quote mail.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("A worker failed: %s\n%s", type(error).__name__, where)  # noqa: TRY400  see above
        say({"defect": type(error).__name__})
        return 1
    return 0


def _end_with(orders: BinaryIO) -> None:
    """End this process when its orders do. Nothing is tidied up: the main thread may wait for a partner for ever."""
    while orders.read(1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    # An interrupt reaches the whole group of processes: whoever started this one hears it too, and lets go.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # Whatever a library prints, native code included, must not stand between the lines.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)

        def say(line: dict[str, Any]) -> None:
            """Say something to whoever started this."""
            stream.write(json.dumps(line) + "\n")
            stream.flush()

        code = main(sys.stdin.buffer, say)
    # Native threads of a broken group would otherwise hold up the end.
    os._exit(code)
