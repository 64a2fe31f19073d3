"""Law: Cyrano never sends mail. No module of it knows how; what goes over the wire is watched elsewhere."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("connectors", "retrieval", "trainer", "service")
SENDERS = {"smtplib", "aiosmtplib", "aiosmtpd", "smtpd", "yagmail", "sendgrid", "boto3", "mailjet_rest", "redmail"}
METHODS = {"sendmail", "send_message"}
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def modules_and_methods(path: Path) -> set[str]:
    """Name what a source file imports, and the methods it calls."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_file_can_send_mail(path: Path) -> None:
    """No SMTP client is imported, and nothing that sends is called, `messages().send()` of Gmail included."""
    assert not modules_and_methods(path) & (SENDERS | METHODS)
    words = path.read_text(encoding="utf-8").lower()
    assert "drafts().send" not in words
    assert "messages().send" not in words


def test_a_sender_would_be_noticed(tmp_path: Path) -> None:
    """The search finds what it searches for."""
    guilty = tmp_path / "guilty.py"
    guilty.write_text("from smtplib import SMTP\nSMTP('x').sendmail('a', 'b', 'c')\n", encoding="utf-8")
    assert modules_and_methods(guilty) >= {"smtplib", "sendmail"}


def test_every_package_is_searched() -> None:
    """A package that moved would otherwise pass unseen."""
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(PACKAGES)
