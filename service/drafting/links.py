"""Links and mail addresses in a text, as mail programs would make them clickable. Pure.

A bare domain ("example.org/pay") is a link too: programs underline it. What ends like a sentence without its blank
("Danke.Am Montag") or like a file ("notes.md") is none.
"""

import re
from collections.abc import Iterator

_DOT = "[.\u3002\uff0e\uff61]"
"""Browsers read the full stops of Chinese and Japanese as dots."""
_JOINERS = "\u200c\u200d"
_END = r"[^\s<>\"'\u201c\u201d]"

_ENDINGS = """
    com net org info biz edu gov mil int app dev xyz online site website shop store top club live link links click page
    pages web cloud tech email pro name mobi icu vip win bid loan loans work works world today news blog space fun
    digital support services solutions company group agency finance money bank pay zip mov example test invalid onion
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd
    cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge
    gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh
    ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx
    my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr pt pw qa re ro rs ru rw sa sb sc sd se
    sg si sk sl sm sn so sr ss st su sv sx sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc
    ve vg vi vn vu wf ws ye yt za zm zw
    """.split()  # noqa: SIM905  hundreds of quoted words are harder to read
"""What a domain without a scheme may end with; not md, py, sh and ps, which end files."""

_WITH_SCHEME = re.compile(rf"(?<![^\W_])(?:[a-z][a-z0-9+.-]{{1,20}}://|www{_DOT}){_END}+", re.IGNORECASE)
_ADDRESS = re.compile(rf"(?<![\w.+-])[\w.+{_JOINERS}-]+[@\uff20\ufe6b][\w{_JOINERS}-]+(?:{_DOT}[\w{_JOINERS}-]+)+")
_BARE = re.compile(
    rf"(?<![\w@\uff20\ufe6b/.-])(?:[\w{_JOINERS}-]+{_DOT})+(?P<end>{'|'.join(_ENDINGS)}|xn--[a-z0-9-]+)(?P<port>:\d+)?"
    rf"(?P<path>[/?#]{_END}*)?(?![\w@{_JOINERS}-])",
    re.IGNORECASE,
)


def find_links(text: str) -> Iterator[tuple[int, int]]:
    """Yield where links begin and end that say so themselves."""
    for match in _WITH_SCHEME.finditer(text):
        yield match.start(), match.start() + len(_without_stops(match[0]))


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Yield where mail addresses begin and end."""
    for match in _ADDRESS.finditer(text):
        yield match.span()


def find_domains(text: str) -> Iterator[tuple[int, int]]:
    """Yield where links without a scheme begin and end; some are part of an address or of another link."""
    for match in _BARE.finditer(text):
        if match["path"] or _is_domain(match[0], match["end"]):
            yield match.start(), match.start() + len(_without_stops(match[0]))


def plain_link(link: str) -> str:
    """Return a link in the one form in which all its spellings are equal."""
    return re.sub(r"^https?://", "", link.lower()).removeprefix("www.").rstrip("/")


def _without_stops(link: str) -> str:
    return link.rstrip(".,;:!?)]")


def _is_domain(found: str, end: str) -> bool:
    """Tell a domain from abbreviations and sentences that lack a blank."""
    label = re.split(_DOT, found)[-2]
    return not end.istitle() and len(label) > 1 and not label.isdigit()
