"""The wheel holds all it needs: installed away from the checkout, the command line works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cyrano import ROOT

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents, built from the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    built, site = folder / "dist", folder / "site"
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", built, ROOT], check=True, capture_output=True)
    wheel = next(built.glob("*.whl"))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel]
    subprocess.run(install, check=True)
    return site


def run(site: Path, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Cyrano from the wheel, outside the checkout."""
    env = {**os.environ, "PYTHONPATH": str(site), "CYRANO_HOME": str(home)}
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)


def test_help_comes_from_the_wheel(site: Path, tmp_path: Path) -> None:
    """`cyrano --help` lists the commands."""
    done = run(site, tmp_path, "--help")
    assert done.returncode == 0
    assert "doctor" in done.stdout


def test_doctor_examines_from_the_wheel(site: Path, tmp_path: Path) -> None:
    """`cyrano doctor` makes its database from the wheel's migrations, and says what is missing."""
    done = run(site, tmp_path, "doctor")
    assert "Traceback" not in done.stderr
    assert "✓ archive" in done.stdout
    assert "✗ engine: No base model is set." in done.stdout
    assert done.returncode == 1


def test_the_wheel_is_what_ran(site: Path, tmp_path: Path) -> None:
    """Not the checkout."""
    env = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", "import service, connectors; print(service.__file__, connectors.__file__)"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert all(path.startswith(str(site)) for path in done.stdout.split())
