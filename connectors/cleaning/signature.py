"""Tells signatures from what was typed. The sign-off ("Best, Ana") is the writer's voice and no signature."""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from connectors.cleaning.app_lines import APP_LINE
from connectors.message import Email

_DELIMITER = re.compile(r"^--[ \t]*$", re.MULTILINE)
_MAX_LINES = 30
"""What follows "--" and is longer is text that somebody divided with dashes."""

_MAX_APP_LINE = 200

_LIST_FOOTER = re.compile(
    r"\n_{20,}\n[^\n]*\b(?:mailing list|Mailingliste|liste? de diffusion)\b[\s\S]{0,600}\Z", re.IGNORECASE
)
"""What Mailman puts under every mail of a list."""

_MIN_MAILS = 20
_MAX_REPEATED_LINES = 12

CLOSING = re.compile(
    r"(?:best|kind|warm|regards|cheers|thanks|thank you|many thanks|sincerely|yours|"
    r"love|take care|all the best|talk soon|"
    r"viele|liebe|beste|mit (?:freundlichen|besten|herzlichen|lieben)|freundliche|herzlich|"
    r"schöne|lg|vg|mfg|gr(?:u|ü)(?:ß|ss)|danke|"
    r"cordialement|bien (?:à|cordialement)|amicalement|amitiés|bises|merci|sincères|meilleures|belle journée|bonne|"
    r"saludos|un (?:cordial )?saludo|un (?:fuerte )?abrazo|abrazos|gracias|atentamente|cordialmente|un beso|"
    r"saluti|cordiali|distinti|un (?:caro )?saluto|un abbraccio|grazie|a presto|ciao|baci|"
    r"groet|groeten|groetjes|met (?:vriendelijke|hartelijke)|vriendelijke|hartelijke|bedankt|liefs|mvg|"
    r"cumprimentos|atenciosamente|abraços?|um (?:grande )?abraço|obrigad[oa]|beijos|com os melhores|melhores|"
    r"pozdrawiam|pozdrowienia|z (?:poważaniem|wyrazami)|serdecznie|dzięki|"
    r"vänliga?|hälsningar|bästa hälsningar|mvh|med vänlig|tack|kram|"
    r"venlig|vennlig|med (?:venlig|vennlig)|hilsen|(?:bedste|beste|kærlig|mange) hils\w*|takk|"
    r"terveisin|ystävällisin|parhain|kiitos|"
    r"с уважением|всего (?:доброго|хорошего)|с наилучшими|спасибо|з повагою|з найкращими|дякую|"
    r"saygılar\w*|sevgiler\w*|selamlar|iyi (?:çalışmalar|günler)|teşekkürler|"
    r"s (?:pozdravem|pozdravom|přátelským)|zdraví|díky|üdvözlettel|üdv|cu (?:stimă|respect)|cu drag|"
    r"με εκτίμηση|φιλικά|ευχαριστώ|בברכה|תודה|בהצלחה|مع (?:التحية|خالص)|تحياتي|شكرا)\b"
    r"(?:[^\n,]{0,40})(?P<comma>,?)(?P<name>.{0,30})",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_a-zß-ÿа-я][\w.'’-]*(?: [^\W\d_a-zß-ÿа-я][\w.'’-]*){0,2}")
_CONTACT = re.compile(
    r"@|www\.|https?://|\d[\d ()/.-]{5,}\d| \| |"
    r"\b(?:GmbH|AG|UG|e\.V\.|Inc|Ltd|LLC|Corp|PLC|SAS|SARL|S\.A\.|S\.L\.|S\.r\.l|SpA|B\.V\.|Lda)\b"
)


def split(text: str) -> tuple[str, str]:
    """Cut off what follows "-- ", and lines like "Sent from my iPhone"; return text and signature."""
    signature = ""
    footer = _LIST_FOOTER.search(text) if "____" in text else None
    if footer:
        text, signature = text[: footer.start()].rstrip(), footer[0].strip("\n")
    found = _DELIMITER.finditer(text) if "--" in text else ()
    match = next((each for each in found if text.count("\n", each.end()) <= _MAX_LINES), None)
    if match:
        text, signature = text[: match.start()].rstrip(), f"{text[match.end() :]}\n{signature}".strip("\n")
    above, _, last = text.rpartition("\n")
    if len(last) <= _MAX_APP_LINE and APP_LINE.fullmatch(last):
        text, signature = above.rstrip(), f"{last}\n{signature}".rstrip("\n")
    return text, signature


def find_repeated(texts: Iterable[str]) -> str:
    """Find the block that ends most of a person's mails and is more than a sign-off.

    Returns:
        The block, or "" where there is none, or too few mails to tell.
    """
    endings = [text.split("\n")[-_MAX_REPEATED_LINES:] for text in texts if text]
    if len(endings) < _MIN_MAILS:
        return ""
    return "\n".join(_without_sign_off(_common_ending(endings)))


def cut(email: Email, block: str) -> Email:
    """Move a repeated block from the end of a mail's text into its signature."""
    if not block or not (email.text == block or email.text.endswith("\n" + block)):
        return email
    text = email.text[: -len(block)].rstrip("\n")
    return replace(email, text=text, signature=f"{block}\n{email.signature}".rstrip("\n"))


def _common_ending(endings: Sequence[list[str]]) -> list[str]:
    """Return the longest run of lines that ends more than half of them."""
    for size in range(_MAX_REPEATED_LINES, 0, -1):
        counts = Counter(tuple(ending[-size:]) for ending in endings if len(ending) >= size)
        for block, count in counts.most_common(1):
            if count * 2 > len(endings):
                return list(block)
    return []


def _without_sign_off(block: list[str]) -> list[str]:
    """Drop all down to the sign-off and its name; what is left must look like a signature, or nothing is."""
    stands_apart = block[:1] == [""]
    closings = [(at, match) for at, line in enumerate(block) if (match := CLOSING.fullmatch(line))]
    if closings:
        at, match = closings[-1]
        block = _strip_blanks(block[at + 1 :])
        if not match["name"].strip():
            block = _without_name(block)
    elif not stands_apart:
        block = _without_name(block)
    block = _strip_blanks(block)
    is_signature = any(map(_CONTACT.search, block)) or (len(block) > 1 and (bool(closings) or stands_apart))
    return block if is_signature else []


def _without_name(block: list[str]) -> list[str]:
    return block[1:] if block and _NAME.fullmatch(block[0]) else block


def _strip_blanks(block: list[str]) -> list[str]:
    return "\n".join(block).strip("\n").split("\n") if any(block) else []
