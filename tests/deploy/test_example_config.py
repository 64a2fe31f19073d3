"""The example configuration: all there is to set, explained, with the defaults."""

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel

from service.config import Settings, load_settings

EXAMPLE = (Path(__file__).parents[2] / "deploy" / "cyrano.example.toml").read_text(encoding="utf-8")
KEY = re.compile(r"^#(\w+) = ", re.MULTILINE)
UNCOMMENTED = KEY.sub(r"\1 = ", EXAMPLE)


def settings_from(text: str, home: Path) -> Settings:
    """Load the text as a person's cyrano.toml."""
    (home / "cyrano.toml").write_text(text, encoding="utf-8")
    return load_settings(home, {})


def sections() -> dict[str, BaseModel]:
    """Return the default of every section. What single accounts want otherwise has none."""
    defaults = Settings()
    return {name: getattr(defaults, name) for name in Settings.model_fields if name != "accounts"}


def test_copied_as_it_is_it_changes_nothing(tmp_path: Path) -> None:
    """The example loads, and sets nothing."""
    assert settings_from(EXAMPLE, tmp_path) == Settings()


def test_every_line_can_be_uncommented(tmp_path: Path) -> None:
    """Without its "#" every key is valid, and stands at its default."""
    loaded = settings_from(UNCOMMENTED, tmp_path)
    for name, default in sections().items():
        # TOML has no null: a key without a default shows some value.
        unset = {key for key, value in default if value is None}
        assert getattr(loaded, name).model_dump(exclude=unset) == default.model_dump(exclude=unset), name


def test_nothing_is_left_out() -> None:
    """Every section and every key is in the example, and no other."""
    shown = {name: set(keys) for name, keys in tomllib.loads(UNCOMMENTED).items() if name != "accounts"}
    assert shown == {name: set(type(default).model_fields) for name, default in sections().items()}


def test_every_key_and_section_is_explained() -> None:
    """A comment stands above each."""
    lines = EXAMPLE.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("[") or KEY.match(line):
            assert re.match(r"# \w", lines[number - 1]), line
