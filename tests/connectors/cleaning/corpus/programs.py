"""Mail programs: each renders a letter as it would send it, plain, as HTML, or both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from tests.connectors.cleaning.corpus.letters import WRITTEN_FROM_THE_RIGHT, Below, Letter, Placement, wrap_line

GMAIL_QUOTE = (
    'class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"'
)
WORD_RULE = '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
OWA_RULE = '<hr style="display:inline-block;width:98%" tabindex="-1">'
LINE = "_" * 32
ZERO_WIDTH = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The body of a mail."""

    plain: str = ""
    html: str = ""
    is_flowed: bool = False


def gmail(letter: Letter) -> Rendered:
    """Gmail's compose window: both forms."""
    attribution = letter.attribution(letter.language.gmail)
    plain = _plain(letter, attribution=_wrap_attribution(attribution), width=72, gap=True, inline_gap=True)
    return Rendered(plain=plain, html=_gmail_html(letter, attribution))


def gmail_html(letter: Letter) -> Rendered:
    """Gmail's HTML alone, as some gateways leave it."""
    return Rendered(html=_gmail_html(letter, letter.attribution(letter.language.gmail)))


def apple(letter: Letter) -> Rendered:
    """Apple Mail, which puts the attribution into the quotation."""
    return Rendered(plain=_plain(letter, attribution=f"> {letter.attribution(letter.language.apple)}\n> "))


def apple_html(letter: Letter) -> Rendered:
    """Apple Mail with a style somewhere."""
    head = f'<div>{escape(letter.attribution(letter.language.apple))}</div><br class="Apple-interchange-newline">'
    style = 'style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;"'
    quote = _cite(letter, head=head, blockquote='type="cite"', line=_div_line)
    return Rendered(html=f"<html><head></head><body {style}>{quote}</body></html>")


def iphone(letter: Letter) -> Rendered:
    """Mail on a phone: its line, the attribution in the quotation, an invisible mark before the quoted text."""
    attribution = f"> {letter.attribution(letter.language.apple)}\n> "
    return Rendered(plain=_plain(letter, attribution=attribution, quote_start=ZERO_WIDTH))


def thunderbird(letter: Letter) -> Rendered:
    """Thunderbird's plain text, flowed at 72."""
    text = _plain(letter, attribution=letter.attribution(letter.language.thunderbird), soft_width=72, inline_gap=True)
    return Rendered(plain=text, is_flowed=True)


def thunderbird_html(letter: Letter) -> Rendered:
    """Thunderbird's HTML."""
    head = f'<div class="moz-cite-prefix">{escape(letter.attribution(letter.language.thunderbird))}<br></div>'
    body = _cite(letter, before=head, blockquote='type="cite" cite="mid:q1@example.net"', line=_paragraphs)
    return Rendered(html=f'<!DOCTYPE html><html><head><meta charset="UTF-8"></head><body>{body}</body></html>')


def outlook_plain(letter: Letter) -> Rendered:
    """Outlook's plain text: a block of fields, and below it the mail answered, unmarked."""
    return Rendered(plain=_unmarked(letter, above=""))


def outlook_original(letter: Letter) -> Rendered:
    """Outlook's plain text with the line of old, broken at 76."""
    return Rendered(plain=_unmarked(letter, above=f"{letter.language.original}\n", width=76))


def outlook_web_plain(letter: Letter) -> Rendered:
    """Plain text of Outlook on the web: a line of underscores."""
    return Rendered(plain=_unmarked(letter, above=f"{LINE}\n"))


def outlook_mobile(letter: Letter) -> Rendered:
    """Outlook on a phone: its advertisement, then the line."""
    link = f"{letter.language.outlook_mobile}<https://aka.ms/o0ukef>"
    return Rendered(plain=_unmarked(letter, above=f"{link}\n{LINE}\n"))


def outlook_word(letter: Letter) -> Rendered:
    """Outlook's HTML, made by Word."""
    fields = "<br>".join(f"<b>{escape(name)}:</b> {escape(value)}" for name, value in _fields(letter))
    below = _word_lines(letter.language.signature) if letter.below is Below.SIGNATURE else ""
    if below:  # Outlook marks its signature in no way but this bookmark
        below = '<p class="MsoNormal">-- <o:p></o:p></p>' + below
    return Rendered(
        html='<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0cm;} -->'
        f'</style></head><body lang="EN"><div class="WordSection1">{_word_lines(letter.typed)}{below}{_word_lines("")}'
        f'{WORD_RULE}<p class="MsoNormal">{fields}<o:p></o:p></p></div>{_word_lines("")}{_word_lines(letter.asked)}'
        "</div></body></html>"
    )


def outlook_web(letter: Letter) -> Rendered:
    """Outlook on the web."""
    fields = "<br>".join(f"<b>{escape(name)}:</b> {escape(value)}" for name, value in _fields(letter))
    font = "font-family: Aptos, Calibri, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);"
    typed = "".join(f'<div class="elementToProof" style="{font}">{line}</div>' for line in _html_lines(letter.typed))
    below = (
        f'<div id="Signature">{_div_line(letter.language.signature)}</div>' if letter.below is Below.SIGNATURE else ""
    )
    return Rendered(
        html=f'<html><head></head><body dir="ltr">{typed}{below}<div id="appendonsend"></div>{OWA_RULE}'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt">{fields}</font>'
        f"<div>&nbsp;</div></div>{_div_line(letter.asked)}</body></html>"
    )


def other(pattern: str, *, mark: str = "> ") -> Callable[[Letter], Rendered]:
    """Make a program that only differs in its attribution line: webmail, mutt, KMail, Evolution and many more."""

    def render(letter: Letter) -> Rendered:
        return Rendered(plain=_plain(letter, attribution=letter.attribution(pattern), width=74, mark=mark))

    return render


def other_html(pattern: str) -> Callable[[Letter], Rendered]:
    """Make a webmail that writes HTML."""

    def render(letter: Letter) -> Rendered:
        head = f'<p id="reply-intro">{escape(letter.attribution(pattern))}</p>'
        style = 'type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0"'
        return Rendered(
            html=f"<html><body>{_cite(letter, before=head, blockquote=style, line=_div_line)}</body></html>"
        )

    return render


def gmail_forward(letter: Letter) -> Rendered:
    """Gmail's forward, plain."""
    language = letter.language
    values = (
        f"{language.you} <{letter.addr}>",
        "Mon, Jun 3, 2024 at 10:12 AM",
        language.subject,
        "Ana <ana@example.org>",
    )
    fields = "\n".join(f"{name}: {value}" for name, value in zip(language.forward_fields, values, strict=True))
    typed = letter.wrap(_with_below(letter), 72)
    return Rendered(plain=f"{typed}\n\n{language.forwarded}\n{fields}\n\n\n{letter.wrap(letter.asked, 72)}\n")


def outlook_forward(letter: Letter) -> Rendered:
    """Outlook's forward, plain: it looks like its answers."""
    return Rendered(plain=_unmarked(letter, above=""))


def _plain(
    letter: Letter,
    *,
    attribution: str,
    width: int = 10_000,
    soft_width: int = 0,
    mark: str = "> ",
    gap: bool = False,
    inline_gap: bool = False,
    quote_start: str = "",
) -> str:
    """Write plain text whose quotation is marked."""
    parts: list[str] = []
    is_first_quote = True
    for block in letter.blocks:
        if not block.is_quoted:
            parts.append(_flow(block.text, soft_width) if soft_width else letter.wrap(block.text, width))
            if letter.placement in {Placement.TOP, Placement.FORWARD, Placement.ALONE}:
                parts[-1] += _below(letter)
            continue
        quoted = _marked(letter, quote_start * is_first_quote + block.text, mark, soft_width or width)
        parts.append(f"{attribution}\n{chr(10) * gap}{quoted}" if is_first_quote else quoted)
        is_first_quote = False
    text = ("\n\n" if inline_gap or letter.placement is not Placement.INLINE else "\n").join(parts)
    if letter.placement in {Placement.BOTTOM, Placement.INLINE}:
        text += _below(letter)
    return text + "\n"


def _marked(letter: Letter, text: str, mark: str, width: int) -> str:
    lines = letter.wrap(text, width - len(mark)).split("\n")
    return "\n".join(f"{mark}{line}" if line else mark.rstrip() for line in lines)


def _flow(text: str, width: int) -> str:
    """Break lines softly: a blank stays at the end (RFC 3676)."""
    lines = []
    for line in text.split("\n"):
        broken = wrap_line(line, width)
        lines += [f"{part} " for part in broken[:-1]] + broken[-1:]
    return "\n".join(f" {line}" if line.startswith((">", " ", "From ")) else line for line in lines)


def _below(letter: Letter) -> str:
    match letter.below:
        case Below.SIGNATURE:
            return f"\n\n-- \n{letter.language.signature}"
        case Below.PHONE:
            return f"\n\n{letter.language.phone}"
        case _:
            return ""


def _with_below(letter: Letter) -> str:
    return letter.typed + _below(letter)


def _wrap_attribution(line: str) -> str:
    """Break a long attribution line before the address, as Gmail does."""
    return line if len(line) <= 70 else "\n".join(wrap_line(line, 70))


def _fields(letter: Letter) -> Iterable[tuple[str, str]]:
    """Name and value of the fields that Outlook puts above the mail answered."""
    names = tuple(name.replace("{nb}", "\N{NO-BREAK SPACE}") for name in letter.language.fields)
    values = (
        f"{letter.language.you} <{letter.addr}>",
        letter.language.sent,
        f"{letter.language.me} <ana@example.org>",
        letter.language.subject,
    )
    return zip(names, values, strict=True)


def _unmarked(letter: Letter, *, above: str, width: int = 10_000) -> str:
    fields = "\n".join(f"{name}: {value}" for name, value in _fields(letter))
    typed = letter.wrap(_with_below(letter), width)
    return f"{typed}\n\n{above}{fields}\n\n{letter.wrap(letter.asked, width)}\n"


def _gmail_html(letter: Letter, attribution: str) -> str:
    head = f'<div dir="ltr" class="gmail_attr">{escape(attribution)}<br></div>'
    below = '<br><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature">'
    quote = _cite(letter, before=head, blockquote=GMAIL_QUOTE, line=_div_line, signature=below)
    is_below = letter.placement in {Placement.TOP, Placement.FORWARD}
    opened = f'<div dir="{_direction(letter)}">'
    if is_below:
        at = quote.index('<div dir="ltr" class="gmail_attr">')
        return f'{opened}{quote[:at]}</div><br><div class="gmail_quote">{quote[at:]}</div>'
    return f"{opened}{quote}</div>"


def _cite(
    letter: Letter,
    *,
    blockquote: str,
    line: Callable[[str], str],
    before: str = "",
    head: str = "",
    signature: str = '<div class="moz-signature">-- <br>',
) -> str:
    """Write HTML whose quotations stand in blockquotes, the first below (or around) the attribution."""
    parts: list[str] = []
    below = f"{signature}{_breaks(letter.language.signature)}</div>" if letter.below is Below.SIGNATURE else ""
    if letter.below is Below.PHONE:
        below = f"<div><br></div><div>{escape(letter.language.phone)}</div>"
    is_first_quote = True
    for block in letter.blocks:
        if not block.is_quoted:
            parts.append(line(block.text))
            if letter.placement in {Placement.TOP, Placement.FORWARD, Placement.ALONE}:
                parts.append(below)
            continue
        attribution = (before, head) if is_first_quote else ("", "")
        parts.append(f"{attribution[0]}<blockquote {blockquote}>{attribution[1]}{_div_line(block.text)}</blockquote>")
        is_first_quote = False
    if letter.placement in {Placement.BOTTOM, Placement.INLINE}:
        parts.append(below)
    return "".join(parts)


def _direction(letter: Letter) -> str:
    return "rtl" if letter.language.code in WRITTEN_FROM_THE_RIGHT else "ltr"


def _html_lines(text: str) -> list[str]:
    return [escape(line, quote=False) or "<br>" for line in text.split("\n")]


def _div_line(text: str) -> str:
    return "".join(f"<div>{line}</div>" for line in _html_lines(text))


def _breaks(text: str) -> str:
    return "<br>\n".join(escape(line, quote=False) for line in text.split("\n"))


def _paragraphs(text: str) -> str:
    return "\n".join(f"<p>{_breaks(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _word_lines(text: str) -> str:
    lines = (escape(line, quote=False) or "&nbsp;" for line in text.split("\n"))
    return "".join(
        f'<p class="MsoNormal">{line}<o:p></o:p></p>'
        if line != "&nbsp;"
        else '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
        for line in lines
    )
