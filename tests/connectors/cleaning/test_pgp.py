"""PGP's armour is taken off, and nothing else."""

import time

from connectors.cleaning.pgp import strip_armour

SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----"
ENCRYPTED = "-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\n\nhQEMA5Wk0Yt9\n=wxyz\n-----END PGP MESSAGE-----"


def test_signed_text_is_what_was_typed() -> None:
    """The text comes out alone, its dashes as they were typed."""
    text = "Hello Tom,\n\n- one\n-- \nAna"
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello Tom,\n\n- - one\n- -- \nAna"
    assert strip_armour(f"{signed}\n{SIGNATURE}") == text + "\n"


def test_nobody_typed_what_is_encrypted() -> None:
    """An encrypted block leaves nothing that could be learned."""
    assert strip_armour(f"Hello,\n\n{ENCRYPTED}\n") == "Hello,\n\n\n"


def test_other_text_stays() -> None:
    """Dashes and words about PGP are text."""
    text = "- one\n- two\n-----BEGIN of something-----\nI use PGP."
    assert strip_armour(text) == text


def test_blocks_without_an_end_are_read_in_time() -> None:
    """A mail of nothing but beginnings is text, and is searched for an end once."""
    text = "-----BEGIN PGP MESSAGE-----\n" * 20_000
    start = time.process_time()
    assert strip_armour(text + ENCRYPTED.replace("MESSAGE", "SIGNATURE")) == text
    assert time.process_time() - start < 2


def test_blocks_stand_one_after_another() -> None:
    """Each ends where it says, and what is between them stays."""
    assert strip_armour(f"{SIGNATURE}\none\n{ENCRYPTED}\ntwo\n{ENCRYPTED}") == "\none\n\ntwo\n"
