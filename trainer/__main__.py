"""`python -m trainer FOLDER`: carry out the job in a run's folder. Progress goes to stdout, logs to stderr."""

import contextlib
import logging
import os
import sys
from pathlib import Path

from connectors.errors import CyranoError, TrainError
from connectors.job import ENGINE_KEY, read_job
from trainer.progress import Progress

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
        job = read_job(folder)
        say.stage("start")(0, 1, "")
        from trainer.run import run  # noqa: PLC0415  torch takes seconds to import, and the environment must be set

        say.stage("start")(1, 1, "")
        say.result(run(folder, job, say, api_key=os.environ.get(ENGINE_KEY, "none")))
    except CyranoError as error:
        say.error(error)
        return error.exit_code
    except Exception as error:
        logger.exception("The run failed.")
        say.error(TrainError(f"The run failed: {type(error).__name__}.", hint="The log above is for a bug report."))
        return 1
    return 0


if __name__ == "__main__":
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    progress = Progress(sys.stdout)
    # Whatever a library prints must not stand between the lines of progress.
    with contextlib.redirect_stdout(sys.stderr):
        sys.exit(main(Path(sys.argv[1]).resolve(), progress))
