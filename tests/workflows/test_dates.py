"""A night of dates, from the shop's files to the letters: a wedding, a lunar birthday, a day."""

import pytest
from sqlalchemy import select

from care import desk
from care.runtime import Runtime
from care.storage.database import reading
from care.storage.tables import touches
from tests.workflows.builders import NIGHT, a_house, messages_of, run_night, some_customers
from tests.workflows.laws import assert_laws

PLAIN = {"priority": 50, "channels": ["email"]}
POLICY = {
    "holdout": {"share": 0.0},
    "campaigns": {
        "wedding_anniversary": PLAIN | {"priority": 80},
        "festival": PLAIN
        | {
            "cultures": [{"locales": ["en"], "festivals": ["shop-birthday"]}],
            "shop_days": [
                {"name": "shop-birthday", "on": "11-14", "label": {"en": "our own birthday"}}
            ],
        },
    },
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    quiet = [one | {"birthday": "1990-03-01", "joined_on": None} for one in some_customers()]
    married, lunar, neither, chinese = (quiet[number] for number in (0, 4, 6, 15))
    for one in (married, lunar, neither, chinese):
        one |= {"preferred_channel": None, "wedding_on": None, "spouse_name": None}
        one |= {"birth_calendar": None}
    married |= {"wedding_on": "2010-11-14", "spouse_name": "Daniel"}
    lunar |= {"birthday": "1980-09-26", "birth_calendar": "lunar"}
    runtime = a_house(
        tmp_path_factory.mktemp("dates") / "home",
        policy=POLICY,
        customers=[married, lunar, neither, chinese],
    )
    run_night(runtime)
    return runtime


def test_each_date_has_its_letter(house: Runtime) -> None:
    assert messages_of(house)["campaign"].to_dict() == {
        "c01": "wedding_anniversary",
        "c05": "birthday",
        "c07": "festival",
    }
    assert_laws(house)


def test_the_letter_names_the_spouse_and_the_plan_does_not(house: Runtime) -> None:
    _, (letter,), _ = desk.show(house, NIGHT, "wedding_anniversary", samples=1)
    assert "Seven years ago today, you and Daniel were married." in letter.content["text"]
    with reading(house.engine) as connection:
        assert "Daniel" not in str(list(connection.execute(select(touches))))


def test_the_lunar_birthday_is_an_occasion_of_its_lunar_year(house: Runtime) -> None:
    with reading(house.engine) as connection:
        keys = set(connection.scalars(select(touches.c.occasion_key)))
    assert keys == {
        "wedding-anniversary-2017",
        "birthday-lunar-2017",
        "festival-shop-birthday-2017",
    }
