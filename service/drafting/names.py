"""Names of people in a text, found by how they are written. Pure, and without a list of names.

A capital letter tells little: sentences begin with one, and German nouns carry one. So a name is what follows a
greeting or a title, two capitalised words in a row, or (not in German) one in the middle of a sentence.
"""

import re
from collections.abc import Iterator

from service.drafting.dates import MONTHS, WEEKDAYS

_CALLS = frozenset(
    """
    hi hello hey dear thanks cheers mr mrs ms dr prof hallo liebe lieber moin geehrte geehrter danke herr herrn frau
    bonjour salut cher chère merci m mme hola estimado estimada querido querida gracias sr sra ciao caro cara gentile
    grazie sig beste geachte dag bedankt dhr mevr olá caro cara prezado prezada obrigado obrigada
    """.split()  # noqa: SIM905  forty quoted words are harder to read
)
"""Words after which a person is named: greetings, thanks and titles."""

_PLAIN = (
    frozenset(MONTHS)
    | frozenset(WEEKDAYS)
    | frozenset(
        """
        i we you he she it they my our your his her its their the a an this that these those there here what when
        where who why how if so and but or as at by for from in of on to with not no yes ok okay please thank sorry
        let can could would will shall should may is are was were do does did have has just also then once after
        before both all any each see great good best kind warm regards wishes sincerely yours looking talk morning
        english german french spanish italian dutch portuguese re fwd ps
        ich wir sie ihr ihre ihren ihrem ihrer ihnen du dir dich dein deine deinen dein er es der die das ein eine und
        aber oder wenn dann mit von für am im zum zur auf bis nach vor ja nein bitte vielen viele grüße gruß grüßen
        herzliche herzlichen freundliche freundlichen schöne schönen sonnige guten gute morgen tag abend nachmittag
        vormittag mittag woche wochenende bis dank
        je nous vous il elle on le la les un une des et mais ou si avec pour bien cordialement amicalement bonne
        el los las un una y pero con para saludos atentamente un abrazo io noi lei il lo gli e ma con per cordiali
        saluti ik wij we u het de een en maar met voor vriendelijke groet groeten eu nós você o os as um uma mas com
        para atenciosamente cumprimentos abraço
        """.split()  # noqa: SIM905
    )
)
"""Words that may begin a sentence, or carry a capital, without naming anybody."""

_WORD = re.compile(r"\b[^\W\d_]+(?:-[^\W\d_]+)*\b")
_SENTENCE_END = re.compile(r"(?:^|[.!?:;\u2026]|\n)[\s\"'\u201c\u201e\u00ab(*\u2022-]*\Z")

_LOOK_BACK = 20
"""How far before a word the end of the sentence before it may lie: quotes, bullets and blanks stand between."""


def find_names(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield where names begin and end."""
    for run in _runs(text):
        is_called = False
        is_first = bool(_SENTENCE_END.search(text, max(0, run[0].start() - _LOOK_BACK), run[0].start()))
        while run and _is_plain(run[0]):
            is_called = run[0][0].lower() in _CALLS
            is_first = False
            run.pop(0)
        while run and _is_plain(run[-1]):
            run.pop()
        is_single_name = is_called or (language != "de" and not is_first)
        if len(run) > 1 or (run and is_single_name):
            yield run[0].start(), run[-1].end()


def _runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Yield capitalised words that stand side by side."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if run and not _is_next(text, run[-1], word):
            yield run
            run = []
        if _is_capitalised(word[0]):
            run.append(word)
    if run:
        yield run


def _is_next(text: str, before: re.Match[str], word: re.Match[str]) -> bool:
    gap = text[before.end() : word.start()]
    is_near = not gap.strip(" \t") or (gap.strip(" \t") == "." and before[0].lower() in _CALLS)
    return is_near and _is_capitalised(word[0])


def _is_capitalised(word: str) -> bool:
    """Tell "Marta" and "I" from "marta", "GmbH", "PDF"."""
    return word[0].isupper() and all(part[1:].islower() or len(part) == 1 for part in word.split("-"))


def _is_plain(word: re.Match[str]) -> bool:
    return word[0].lower() in _PLAIN or word[0].lower() in _CALLS or len(word[0]) == 1
