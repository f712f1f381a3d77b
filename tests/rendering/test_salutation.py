"""What a customer is called, from what the shop happens to know."""

import pytest

from care.domain.message import Addressee
from care.rendering.salutation import called

WANG = {"name": "王小雨", "family_name": "王", "given_name": "小雨"}
CARTER = {"name": "Emma Carter", "family_name": "Carter", "given_name": "Emma"}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({**WANG, "gender": "female"}, "王女士"),
        ({**WANG, "gender": "male"}, "王先生"),
        ({**WANG, "gender": "female", "honorific": "老师"}, "王老师"),
        ({**WANG, "honorific": "Ms."}, "王女士"),
        ({**WANG, "honorific": "Dr"}, "王博士"),
        (WANG, "王小雨"),
        ({"name": "王小雨", "gender": "female"}, "王小雨女士"),
        ({"name": "王女士", "gender": "female"}, "王女士"),
        ({"family_name": "欧阳", "gender": "male"}, "欧阳先生"),
        ({"given_name": "小雨"}, "小雨"),
        ({"family_name": "王"}, None),
        ({**CARTER, "gender": "female"}, "Carter女士"),
        ({"name": "阿依古丽·买买提"}, "阿依古丽·买买提"),
        ({}, None),
    ],
)
def test_in_chinese(known: dict[str, str], expected: str | None) -> None:
    assert called(Addressee(**known), "zh-CN") == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (CARTER, "Emma"),
        ({**CARTER, "honorific": "Ms"}, "Ms Carter"),
        ({**CARTER, "honorific": "dr."}, "Dr Carter"),
        ({**CARTER, "honorific": "女士"}, "Ms Carter"),
        ({**CARTER, "honorific": "Your Grace"}, "Emma"),
        ({"family_name": "Carter", "gender": "male"}, "Mr Carter"),
        ({"name": "Emma Carter"}, "Emma Carter"),
        ({"name": "EMMA CARTER"}, "Emma Carter"),
        ({"name": "Anne-Marie O'Brien"}, "Anne-Marie O'Brien"),
        ({"given_name": "JJ"}, "JJ"),
        ({"given_name": "José"}, "José"),
        ({**WANG, "gender": "female"}, "王小雨"),
        ({"family_name": "Carter"}, None),
        ({}, None),
    ],
)
def test_in_english(known: dict[str, str], expected: str | None) -> None:
    assert called(Addressee(**known), "en") == expected


@pytest.mark.parametrize(
    "name",
    ["user_38472", "138****5678", "{{7*7}}", "a@b.example", "<b>", "???", "🎂", "", " ", "x" * 41],
)
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_what_nobody_is_called_gives_a_neutral_opening(name: str, locale: str) -> None:
    assert called(Addressee(name=name, given_name=name), locale) is None


def test_an_emoji_beside_a_name_stays() -> None:
    assert called(Addressee(name="小鱼🐟"), "zh-CN") == "小鱼🐟"


def test_a_right_to_left_name_does_not_turn_what_follows() -> None:
    assert called(Addressee(given_name="محمد", name="محمد"), "en") == "\u2068محمد\u2069"
