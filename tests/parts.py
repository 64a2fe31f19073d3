"""Parts of the system that some tests need: where one is missing the test is skipped, and in CI that is a failure."""

import os

import pytest


def require(part: str, *, is_there: bool, install: str) -> None:
    """Skip the test unless the part is there; with CI=true, fail."""
    if is_there:
        return
    say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
    say(f"{part} is missing: {install}")
