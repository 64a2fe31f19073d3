"""Examples as the trainer makes them, for a person to look at."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.job import write_job
from service.app import App
from service.orders import Wish, order_run
from service.training import follow_run

FILE = "examples.jsonl"


def export_examples(app: App, account: str, *, everything: bool) -> list[str]:
    """Return an account's examples as JSON lines; with `everything` also the mails that give none, with the reason.

    Raises:
        ModelMissing: no model is configured, whose tokens they are made of.
        TooFewMails: there is not enough to learn from.
        TrainError: they could not be made.
    """
    order = order_run(app, Wish(account=account, stop_after="examples"))
    # Among the runs, where forgetting looks too: whoever is killed here leaves mail behind.
    runs, prefix = app.home / "runs", f"{account}-export-"
    runs.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix=prefix, dir=runs) as run, TemporaryDirectory(prefix=prefix, dir=runs) as left:
        output = Path(left) / FILE
        write_job(Path(run), order.model_copy(update={"run": Path(run).name, "output": output}))
        follow_run(Path(run), app.engine_key)
        # By bytes: to text, a line may end at characters that JSON allows within one.
        lines = output.read_bytes().split(b"\n")
    return [line.decode() for line in lines if line and (everything or not json.loads(line)["reason"])]
