"""A report as one HTML file, for light and dark, wide and narrow."""

from trainer.pages.drawing import STYLE, draw
from trainer.pages.numbers import MISSING, format_column, is_numeric
from trainer.pages.records import Page, Plot, Section, Table
from trainer.pages.text import in_html

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_CSS = """
:root{color-scheme:light dark;--ground:#fdfdfc;--panel:#f4f5f6}
@media (prefers-color-scheme:dark){:root{--ground:#16181b;--panel:#1f2226}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:60rem;background:var(--ground);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 1rem;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.2rem;margin:3rem 0 .75rem;font-weight:650}
p{margin:.5rem 0;max-width:44rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.25rem;margin:0;font-size:.9rem}
dt{color:var(--muted)}dd{margin:0;min-width:0}
figure{margin:1.5rem 0}
.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:32rem;height:auto}
figcaption,caption{font-size:.95rem;font-weight:600;text-align:left;padding:0 0 .5rem}
.note{font-size:.85rem;color:var(--muted);margin:.4rem 0 0}
table{border-collapse:collapse;font-size:.88rem;min-width:60%}
th,td{padding:.32rem 1.1rem .32rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--faint)}
th{font-weight:500;color:var(--muted);vertical-align:bottom;line-height:1.3}
tbody tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.none{color:var(--s4);font-weight:600}
.samples{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(17rem,100%),1fr));gap:1rem;margin:1.25rem 0}
.samples figure{margin:0;background:var(--panel);border-radius:.5rem;padding:.8rem 1rem}
.samples figcaption{font-size:.85rem;color:var(--muted);font-weight:500}
.samples blockquote{margin:0;white-space:pre-wrap;font-size:.92rem}
@media (max-width:36rem){body{padding:1.25rem 1rem 3rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}
h2{margin-top:2.25rem}}
@media print{body{max-width:none}.wide{overflow:visible}}
"""


def as_html(page: Page) -> str:
    """Return a whole document that needs nothing beside it."""
    facts = "".join(f"<dt>{in_html(name)}</dt><dd>{in_html(value)}</dd>\n" for name, value in page.facts)
    sections = "".join(_section(section) for section in page.sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{in_html(page.title)}</title>\n<style>{STYLE.strip()}{_CSS}</style>\n</head>\n"
        f"<body>\n<main>\n<header><h1>{in_html(page.title)}</h1>\n<dl>\n{facts}</dl></header>\n{sections}</main>\n"
        "</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    return (
        f"<section>\n<h2>{in_html(section.heading)}</h2>\n"
        + "".join(f"<p>{in_html(paragraph)}</p>\n" for paragraph in section.text)
        + "".join(_table(table) for table in section.tables)
        + "".join(_plot(plot) for plot in section.plots)
        + _samples(section.samples)
        + "</section>\n"
    )


def _table(table: Table) -> str:
    columns = list(zip(*table.rows, strict=True)) or [() for _ in table.columns]
    kinds = [' class="number"' if column and is_numeric(column) else "" for column in columns]
    head = "".join(
        f'<th scope="col"{kind}>{in_html(name)}</th>' for name, kind in zip(table.columns, kinds, strict=True)
    )
    rows = zip(*(format_column(column) for column in columns), strict=True)
    body = "".join(
        f"<tr>{''.join(_cell(text, kind) for text, kind in zip(row, kinds, strict=True))}</tr>\n" for row in rows
    )
    return (
        f'<figure class="table"><div class="wide" tabindex="0" role="region" aria-label="{in_html(table.title)}">'
        f"<table>\n<caption>{in_html(table.title)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>{_note(table.note)}</figure>\n"
    )


def _cell(text: str, kind: str) -> str:
    shown = in_html(text)
    return f"<td{kind}>" + (f'<span class="none">{MISSING}</span>' if text == MISSING else shown) + "</td>"


def _plot(plot: Plot) -> str:
    return (
        f'<figure><figcaption>{in_html(plot.title)}</figcaption><div class="wide">{draw(plot, is_alone=False)}</div>'
        f"{_note(plot.note)}</figure>\n"
    )


def _samples(samples: tuple[tuple[str, str], ...]) -> str:
    if not samples:
        return ""
    shown = "".join(
        f"<figure><figcaption>{in_html(label)}</figcaption>"
        f'<blockquote dir="auto">{in_html(text)}</blockquote></figure>\n'
        for label, text in samples
    )
    return f'<div class="samples">\n{shown}</div>\n'


def _note(note: str) -> str:
    return f'<p class="note">{in_html(note)}</p>' if note else ""
