"""Fuzzes the whole way from a message's bytes to its cleaned text, guided by coverage.

Run it from the root: `python -m tests.fuzz.parse .test-parts/fuzz/inputs [-runs=1000000] [other libFuzzer options]`.
The folder keeps what was found interesting, and starts with the mail cases. It stops at the first input for which
`mime.parse` raises anything but `UnreadableMessage`, gives text that cannot be stored, or takes longer than ten
seconds, and writes that input as `crash-…` or `timeout-…` beside the folder. It needs the package `atheris`, which
runs on Linux.
"""

import random
import shutil
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["connectors"]):
    from connectors.cleaning.mime import parse
    from connectors.errors import UnreadableMessage

ROOT = Path(__file__).parents[1] / "connectors" / "cleaning"
DEFAULTS = ("-timeout=10", "-rss_limit_mb=2000", "-max_len=8000")


def main(folder: Path, options: list[str]) -> None:
    """Start where the last run ended, or with the mail cases."""
    seeds = sorted([*ROOT.glob("mail/*.eml"), *ROOT.glob("corpus/**/*.eml")])
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        shutil.copy(seed, folder / seed.name)
    lines = sorted({line for seed in seeds for line in seed.read_bytes().split(b"\n")})

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        """Change bytes as libFuzzer does, or else change whole lines: mail is made of lines."""
        dice = random.Random(seed)  # noqa: S311  no secret
        if dice.random() < 0.5:
            return bytes(atheris.Mutate(data, max_size))
        return change_lines(data, dice, lines)[:max_size]

    argv = [sys.argv[0], *DEFAULTS, f"-artifact_prefix={folder.parent}/", *options, str(folder)]
    atheris.Setup(argv, check, custom_mutator=mutate)
    atheris.Fuzz()


def change_lines(data: bytes, dice: random.Random, known: list[bytes]) -> bytes:
    """Drop, repeat, move or put in a few lines."""
    lines = data.split(b"\n")
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(lines) + 1)
        match dice.randrange(4):
            case 0:
                lines[at : at + dice.randint(1, 5)] = []
            case 1:
                lines[at:at] = lines[at : at + dice.randint(1, 5)]
            case 2:
                lines.insert(at, dice.choice(lines) if lines else b"")
            case _:
                lines.insert(at, dice.choice(known))
    return b"\n".join(lines)


def check(raw: bytes) -> None:
    """Hold one input against the promise."""
    try:
        email = parse(raw)
    except UnreadableMessage:
        return
    for text in (email.message_id, email.subject, email.text, email.quoted, email.signature, *email.attachments):
        text.encode()
        if "\0" in text:
            raise AssertionError("A text holds what no database stores.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
