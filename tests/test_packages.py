"""The packages keep bare names: these tests keep them ours."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["connectors", "retrieval", "trainer", "service"])
def test_our_package_wins_over_a_namesake(name: str) -> None:
    """A package of the same name on PyPI never takes the place of ours."""
    package = importlib.import_module(name)
    assert Path(str(package.__file__)).parent == ROOT / name


@pytest.mark.parametrize("name", ["connectors", "retrieval", "trainer", "service"])
def test_every_module_says_what_it_is_for(name: str) -> None:
    """A reader finds the purpose of a module in its first line."""
    for path in (ROOT / name).rglob("*.py"):
        first = path.read_text(encoding="utf-8").lstrip()
        assert first.startswith(('"""', 'r"""')), f"{path} has no docstring"
