"""Every recipe's tiny form, by the command that a person gives: its report holds what the recipe promises."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from service.recipes import Recipe, read_recipe, recipe_names
from tests.e2e.cyrano import PROGRAM
from tests.trainer.recipes.promises import missing, unseen

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]

NUMBERS = {"train": "statistics.json", "profile": "cells.json"}


def run(recipe: Recipe, folder: Path) -> Path:
    """Run a recipe's tiny form in an empty home, and return where its report lies."""
    output = folder / "out"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CYRANO_")}
    command = [PROGRAM, recipe.kind, "--recipe", recipe.name, "--tiny", "--output", output]
    done = subprocess.run(
        command, env={**environ, "CYRANO_HOME": str(folder / "home")}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return output


@pytest.mark.parametrize("name", recipe_names())
def test_the_report_holds_what_the_recipe_promises(name: str, tmp_path: Path) -> None:
    """Each promised number is in the file, finite, and on the page."""
    recipe = read_recipe(name, is_tiny=True)
    output = run(recipe, tmp_path)
    numbers = json.loads((output / NUMBERS[recipe.kind]).read_bytes())
    assert not missing(numbers, recipe.promises)
    assert not unseen(numbers, recipe.promises, (output / "report.html").read_text(encoding="utf-8"))
