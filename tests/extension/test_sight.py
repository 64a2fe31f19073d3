"""What of a message is read, where only a browser knows what a person sees: words cut off, covered, or far too many."""

import pytest
from playwright.sync_api import CDPSession

from tests.extension.services import Service
from tests.extension.windows import Mail, Window

pytestmark = pytest.mark.browser

MOST_S = 1.5
"""Of a processor, for all that the page does from the button to the draft; reading takes half a second of it, and took
24 seconds, or minutes."""

CUT = {
    "a box of one line": '<div style="width:60px;height:18px;overflow:hidden">shown and more text HIDDEN orders</div>',
    "a box around lines": '<div style="height:20px;overflow:hidden"><span>shown<br>HIDDEN</span></div>',
    "lines clamped": '<div style="display:-webkit-box;-webkit-line-clamp:1;-webkit-box-orient:vertical;overflow:hidden;'
    'width:60px">shown aaa aaa aaa aaa HIDDEN</div>',
    "an ellipsis": '<div style="width:60px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap">shown '
    "aaaaaaaaaaa HIDDEN</div>",
    "one word": '<div style="width:60px;overflow:hidden">shown_aaaaaaaaaaaa_HIDDEN</div>',
    "before the line": '<div style="white-space:nowrap;text-indent:-300px">HIDDEN HIDDEN aaaaaaaaaaaaaaaaaaaaaaaaaaa '
    "aaaaaaaaaaaaaaaaaaaaaaaa aaaaaaa shown</div>",
    "a rectangle": '<div style="position:absolute;clip:rect(0px,60px,20px,0px)">shown aaaaaaaaaaaaaaaa HIDDEN</div>'
    "<br>",
}
COVERED = {
    "by a layer": '<div style="position:relative">shown<div>HIDDEN</div>'
    '<div style="position:absolute;inset:18px 0 0 0;background:#fff"></div></div>',
    "by what follows": '<div>HIDDEN</div><div style="margin-top:-20px;background:#fff;position:relative">shown</div>',
}
IN_SIGHT = {
    "scrolled to": '<div style="height:60px;overflow:auto">shown<p style="margin-top:300px">shown far below</p></div>',
    "wide": '<pre style="white-space:pre">shown {} up to where it ends, shown</pre>'.format("aaaa " * 100),
    "under a clear link": '<div style="position:relative">shown<a style="position:absolute;inset:0" href="#x">'
    "</a></div>",
    "in a tight line": '<div style="line-height:12px;height:12px;overflow:hidden">shown</div>',
    "in a cell that cuts": '<table style="table-layout:fixed;width:200px"><tr><td style="overflow:hidden">shown as it '
    "breaks into several lines of a cell, all shown</td></tr></table>",
}
LONG = {
    "boxes in boxes": "<div>" * 400 + "<b>x </b>" * 6000 + "</div>" * 400,
    "boxes that cut": '<div style="overflow:hidden">' * 300 + "<b>x </b>" * 6000 + "</div>" * 300,
    "spans": "<span>x </span>" * 8000,
    "lines cut": '<div style="width:30px;overflow:hidden;white-space:pre">' + "shown and cut\n" * 3000 + "</div>",
}
MARK = """() => {
  const body = [...document.querySelectorAll("[data-message-id]")].at(-1).querySelector(".a3s");
  body.scrollIntoView();
  body.id = "shown";
}"""


def read(mail: Mail, service: Service, html: str) -> str:
    """Return what the service is told of a message."""
    window = show(mail, html)
    window.type("tell Tom")
    window.draft()
    return service.house.retriever.asked[-1].thread[-1].text


def show(mail: Mail, html: str) -> Window:
    """Open an answer to a message, with the message in sight."""
    window = mail.open("reply")
    mail.page.evaluate(MARK)
    # The page's own policy lets no script write HTML into it.
    session = mail.browser.context.new_cdp_session(mail.page)
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    found = session.send("DOM.querySelector", {"nodeId": root, "selector": "#shown"})["nodeId"]
    session.send("DOM.setOuterHTML", {"nodeId": found, "outerHTML": f'<div id="shown">{html}</div>'})
    session.detach()
    return window


@pytest.mark.parametrize("how", CUT)
def test_what_a_box_cuts_off_is_not_read(mail: Mail, service: Service, how: str) -> None:
    """Not even where it is the end of a text that begins in sight."""
    text = read(mail, service, f"<p>Hello.</p>{CUT[how]}<p>Bye.</p>")
    assert "HIDDEN" not in text
    for word in ("Hello.", "shown", "Bye."):
        assert word in text


@pytest.mark.parametrize("how", COVERED)
def test_what_lies_under_something_else_is_not_read(mail: Mail, service: Service, how: str) -> None:
    """A part of the message that is painted over another."""
    text = read(mail, service, f"<p>Hello.</p>{COVERED[how]}<p>Bye.</p>")
    assert "HIDDEN" not in text
    assert "shown" in text


@pytest.mark.parametrize("how", IN_SIGHT)
def test_what_a_person_can_come_to_is_read(mail: Mail, service: Service, how: str) -> None:
    """By scrolling, or as it stands."""
    assert read(mail, service, IN_SIGHT[how]).count("shown") == IN_SIGHT[how].count("shown")


def test_a_message_scrolled_out_of_the_window_is_read(mail: Mail, service: Service) -> None:
    """All of it, though nothing of it is in sight now."""
    text = read(mail, service, "".join(f"<p>line {number} stands here</p>" for number in range(200)))
    assert text.startswith("\n".join(f"line {number} stands here" for number in range(200)))


@pytest.mark.parametrize("how", LONG)
def test_no_message_holds_the_page_up(mail: Mail, service: Service, how: str) -> None:
    """However it is built, the page answers again soon after the button was pressed."""
    window = show(mail, LONG[how])
    window.type("tell Tom")
    session = mail.browser.context.new_cdp_session(mail.page)
    # Time of a processor, so that whatever else the machine does is none of it.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = busy_s(session)
    window.draft()
    took = busy_s(session) - before
    print(f"\n{how}: the page was busy for {took * 1000:.0f} ms")  # noqa: T201
    assert service.house.retriever.asked[-1].thread[-1].text
    assert 0.01 < took < MOST_S


def busy_s(session: CDPSession) -> float:
    """Return how long the page has been busy."""
    told = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return float(told["TaskDuration"])
