"""Tells the language of a text, offline, in about 0.05 ms. Says "und" rather than guess."""

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNKNOWN = "und"

# Fewer languages, fewer mistakes on short mails: those of Europe, and large ones with a script of their own.
_LANGUAGES = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hi", "hr", "hu", "it", "ja", "ko",
    "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "zh",
)  # fmt: skip
_NOT_WORDS = re.compile(r"\S*(?:@|://|www\.)\S*|[\d_]+")
_SAMPLE_CHARACTERS = (80, 320)
"""How much is looked at, and how much where that leaves doubts: the time taken grows with it."""
_MIN_LETTERS = 6
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]"), 0.15),
    ("zh", re.compile(r"[\u3400-\u9fff]"), 0.5),
    ("ko", re.compile(r"[\uac00-\ud7af]"), 0.5),
    ("he", re.compile(r"[\u0590-\u05ff]"), 0.5),
    ("el", re.compile(r"[\u0370-\u03ff]"), 0.5),
)
"""Scripts that tell their language even in a few letters, and of what share of the letters they must be."""
_MIN_LETTERS_OF_SCRIPT = 2
_SURE = 0.8
_MIN_CONFIDENCE = 0.35


def detect(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, or "und" where it is too short or uncertain."""
    by_script = "" if text.isascii() else _by_script(text[: _SAMPLE_CHARACTERS[0]])
    if by_script:
        return by_script
    language, confidence = UNKNOWN, 0.0
    for size in _SAMPLE_CHARACTERS:
        sample = _NOT_WORDS.sub(" ", text[:size])
        if sum(map(str.isalpha, sample)) >= _MIN_LETTERS:
            language, confidence = _identifier().classify(sample)
        if confidence >= _SURE or size >= len(text):
            break
    return str(language) if confidence >= _MIN_CONFIDENCE else UNKNOWN


def _by_script(sample: str) -> str:
    letters = sum(map(str.isalpha, sample))
    if letters < _MIN_LETTERS_OF_SCRIPT:
        return ""
    return next((code for code, script, share in _SCRIPTS if len(script.findall(sample)) > share * letters), "")


@cache
def _identifier() -> LanguageIdentifier:
    """Load the model on first use: it takes half a second."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier
