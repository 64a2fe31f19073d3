"""What counts as copied from a mail, in scripts with and without spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.overlap import is_copy

LETTER = "Dear Eve,\nthank you for your letter. I shall gladly come to the meeting on Friday at ten in room 5.\nAna"
GERMAN = "Liebe Eva,\nich freue mich sehr auf das Treffen am Freitag im Büro und bringe den Kuchen für alle mit.\nAna"
CHINESE = "王先生您好，\n非常感谢您的来信，我很高兴能够参加星期五上午十点在五号会议室举行的会议。\n李娜"  # noqa: RUF001
JAPANESE = (
    "田中様\nお世話になっております。来週の金曜日の会議に喜んで参加させていただきます。よろしくお願いいたします。"
)
THAI = "เรียนคุณสมชาย\nดิฉันยินดีเข้าร่วมการประชุมในวันศุกร์เวลาสิบนาฬิกาที่ห้องประชุมห้า\nขอบคุณค่ะ"
HINDI = "प्रिय मित्र,\nमैं शुक्रवार को दस बजे कमरा पाँच में होने वाली बैठक में खुशी से आऊँगा।"


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        ("I shall gladly come to the meeting on Friday at ten in room 5.", LETTER),
        ("Tell Eve: I shall gladly come to the meeting on Friday at ten.", LETTER),
        ("gladly come to the meeting", LETTER),
        ("Schreib: ich freue mich sehr auf das Treffen am Freitag im Büro und bringe den Kuchen mit.", GERMAN),
        ("我很高兴能够参加星期五上午十点在五号会议室举行的会议。", CHINESE),
        ("来週の金曜日の会議に喜んで参加させていただきます", JAPANESE),
        ("ดิฉันยินดีเข้าร่วมการประชุมในวันศุกร์เวลาสิบนาฬิกาที่ห้องประชุมห้า", THAI),
        ("मैं शुक्रवार को दस बजे कमरा पाँच में होने वाली बैठक में खुशी से आऊँगा", HINDI),
        ("Please send me the report by Friday.", "Please send me the report by Friday. Thanks!"),
    ],
)
def test_a_sentence_taken_as_it_is_is_a_copy(instruction: str, text: str) -> None:
    """In every script, alone or after a few words of its own."""
    assert is_copy(instruction, text)


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        ("Tell Eve that I will attend on Friday, 10:00, room 5.", LETTER),
        ("accept the meeting", LETTER),
        ("Sag Eva, dass ich mich auf Freitag freue und Kuchen mitbringe.", GERMAN),
        ("告诉王先生我会出席星期五十点的会议，地点五号会议室，并感谢他的来信。", CHINESE),  # noqa: RUF001
        ("田中様に、金曜日の会議に出席すると伝えてください。", JAPANESE),
        ("บอกคุณสมชายว่าฉันจะไปประชุมวันศุกร์ สิบโมง ห้องห้า", THAI),
        ("मित्र को बताओ कि मैं शुक्रवार की बैठक में आ रहा हूँ।", HINDI),
        ("Say thanks to Tom.", "Thanks, Tom!"),
        ("Ask Tom about the contract.", "Hi Tom,\nI wanted to ask about the contract we signed.\nAna"),
    ],
)
def test_saying_it_in_other_words_is_none(instruction: str, text: str) -> None:
    """An instruction shares its facts and some words with the mail, and is no copy for that."""
    assert not is_copy(instruction, text)


FACTS = "Maria del Carmen Fernández of Acme Industrial Holdings, 12 May 2026, 14:30, Room B.204, Order 88-1734"


def test_facts_may_be_copied() -> None:
    """Names, dates and numbers are what an instruction must hold as they are, however long they are."""
    mail = f"Dear all,\nour guest is {FACTS}. Please be on time.\nAna"
    assert not is_copy(f"Announce {FACTS}", mail)
    assert is_copy("our guest is Maria del Carmen, please be on time", mail.replace(f"{FACTS}.", "Maria del Carmen,"))


def test_a_long_name_in_katakana_may_be_copied() -> None:
    """Foreign names are written with as many characters as a run has."""
    name = "アレクサンドラ・フォン・ハンボルト"
    assert not is_copy(f"{name}さんに返事をする", f"本日、{name}さんがお越しになります。")


def test_capitals_throughout_are_no_names() -> None:
    """A mail in capitals has no words that may be copied for being written so."""
    assert is_copy("I SHALL COME TO THE MEETING ON FRIDAY", "DEAR EVE, I SHALL COME TO THE MEETING ON FRIDAY AT TEN")


@given(st.lists(st.sampled_from(["we", "can", "only", "send", "it", "back", "when", "they"]), min_size=7, max_size=40))
def test_the_mail_itself_is_a_copy_of_it(words: list[str]) -> None:
    """Whatever plain words a mail has."""
    text = " ".join(words)
    assert is_copy(text, f"Hello,\n{text}\nBye")


@given(st.text(), st.text())
def test_any_text_can_be_compared(instruction: str, text: str) -> None:
    """And nothing is a copy of an empty mail."""
    assert is_copy(instruction, text) in {True, False}
    assert not is_copy(instruction, "")
