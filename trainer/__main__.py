"""`python -m trainer FOLDER`: carry out the job in a folder. Progress goes to stdout, logs to stderr.

Where whoever starts it says so in the environment, they hold its standard input: they answer there, and it ends when
that closes.
"""

import logging
import os
import sys
import traceback
from pathlib import Path

from connectors.errors import CyranoError, TrainError
from connectors.evaluate_job import EvaluateJob
from connectors.job import ENGINE_KEY, read_job
from connectors.merge_job import MergeJob
from connectors.pipe import LEASH
from connectors.plan_job import PlanJob
from connectors.profile_job import ProfileJob
from trainer.leash import hold
from trainer.progress import Progress, Result

logger = logging.getLogger(__name__)

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""Nothing is downloaded or reported while training."""


def main(folder: Path, say: Progress) -> int:
    """Run a job and say how it ended; return the exit code."""
    try:
        say.result(carry_out(folder, say))
    except CyranoError as error:
        say.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130  # whoever started this was interrupted too, and says so
    except Exception as error:  # noqa: BLE001  told in a line
        # Where, not what: the message of a foreign exception may quote mail.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("The run failed: %s\n%s", type(error).__name__, where)  # noqa: TRY400  see above
        say.error(TrainError(f"The run failed: {type(error).__name__}.", hint="The log above is for a bug report."))
        return 1
    return 0


def carry_out(folder: Path, say: Progress) -> Result:
    """Carry out the job in a folder, of whichever kind it is. torch takes seconds to import, so each loads its own."""
    job = read_job(folder)
    if isinstance(job, PlanJob):
        from trainer.memory.job import plan  # noqa: PLC0415  see above

        return plan(job)
    say.stage("start")(0, 1, "")
    if isinstance(job, MergeJob):
        from trainer.merging import merge_adapter  # noqa: PLC0415

        say.stage("start")(1, 1, "")
        return merge_adapter(job, say)
    if isinstance(job, ProfileJob):
        from trainer.profiling.job import profile  # noqa: PLC0415

        say.stage("start")(1, 1, "")
        return profile(folder, job, say)
    if isinstance(job, EvaluateJob):
        from trainer.evaluation.again import evaluate_again  # noqa: PLC0415

        say.stage("start")(1, 1, "")
        return evaluate_again(folder, job, say)
    from trainer.run import run  # noqa: PLC0415

    say.stage("start")(1, 1, "")
    return run(folder, job, say, api_key=os.environ.get(ENGINE_KEY, "none"))


if __name__ == "__main__":
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # Whatever a library prints, native code included, must not stand between the lines of progress.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)
        hear = hold(0).get if os.environ.pop(LEASH, "") else None
        sys.exit(main(Path(sys.argv[1]).resolve(), Progress(stream, hear)))
