"""A run's order survives its file, and a bad one is refused in words."""

from pathlib import Path

import pytest

from connectors.errors import UsageError
from connectors.job import FILE, TrainJob, read_job, write_job
from connectors.train_settings import TrainSettings


def test_a_job_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Write and read give the same record."""
    job = TrainJob(
        run="ana-1", account="ana", home=tmp_path, archive_url="sqlite://", model="m", prompt_budget=900,
        settings=TrainSettings(targets=("q_proj",)), retrieval={"count": 2}, adapters=tmp_path / "adapters",
    )  # fmt: skip
    write_job(tmp_path / "runs" / "ana-1", job)
    assert read_job(tmp_path / "runs" / "ana-1") == job
    assert [path.name for path in (tmp_path / "runs" / "ana-1").iterdir()] == [FILE]


@pytest.mark.parametrize("content", [None, "{", '{"account": "ana"}', '{"unknown": 1}'])
def test_a_bad_job_is_refused(tmp_path: Path, content: str | None) -> None:
    """A missing or strange job gives an error that says what to do."""
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(UsageError) as caught:
        read_job(tmp_path)
    assert "cyrano train" in caught.value.hint
