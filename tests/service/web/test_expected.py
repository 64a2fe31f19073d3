"""service/web/expected.py: a page that asks again and again has nothing looked up again and again."""

from service.refresh.runs import RunState
from service.web.expected import KEEP_S, Expected
from tests.service.web.standin_desk import StandInOutlook, run


def test_what_was_said_just_now_is_said_again_until_it_may_have_changed() -> None:
    """After half a minute, after another run, or for who opens the page it is looked up anew; so it is by account."""
    looked, now = list[str](), [0.0]

    def look(account: str) -> StandInOutlook:
        looked.append(account)
        return StandInOutlook(why=str(len(looked)))

    expected = Expected(look, clock=lambda: now[0])
    last = run(RunState.LIVE)
    assert [expected.of("ana", last).why for _ in range(3)] == ["1"] * 3
    assert expected.of("bob", None).why == "2"
    now[0] += KEEP_S
    assert expected.of("ana", last).why == "3"
    assert expected.of("ana", run(RunState.FAILED)).why == "4"
    assert expected.of("ana", run(RunState.FAILED), anew=True).why == "5"
