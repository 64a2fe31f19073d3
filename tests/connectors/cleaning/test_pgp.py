"""PGP's armour is taken off, and nothing else."""

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
