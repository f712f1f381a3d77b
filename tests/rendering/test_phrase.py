"""Why a product is recommended, as a customer reads it, and what is refused."""

from datetime import date
from pathlib import Path

import pytest

from care.domain.recommendation import RESTS_ON
from care.rendering.phrase import REASONS, check_phrases, read_phrases, say
from care.settings import shipped
from tests.builders import write

LOCALES = ("en", "zh-CN")
SHIPPED = (shipped("templates") / REASONS).read_text(encoding="utf-8")
MARCH, TODAY = date(2026, 3, 9), date(2026, 5, 18)


def refused(folder: Path, *change: str) -> list[str]:
    text = SHIPPED.replace(*change) if change else SHIPPED
    assert not change or text != SHIPPED
    write(folder / REASONS, text)
    return [str(problem) for problem in check_phrases(folder, LOCALES)]


def line_of(start: str) -> int:
    return next(n for n, line in enumerate(SHIPPED.splitlines(), 1) if line.startswith(start))


def test_the_shipped_phrases_are_fine_and_say_every_reason(tmp_path: Path) -> None:
    assert refused(tmp_path) == []
    assert set(read_phrases(shipped("templates"))) == set(RESTS_ON)


@pytest.mark.parametrize(
    ("locale", "name", "said"),
    [
        ("en", "green tea", "goes with the green tea you bought in March"),
        ("zh-CN", "明前龙井", "与您三月购买的明前龙井相配"),
    ],
)
def test_a_reason_names_what_it_rests_on_and_the_month(locale: str, name: str, said: str) -> None:
    phrase = read_phrases(shipped("templates"))["goes_with"][locale]
    assert say(phrase, locale, name=name, on=MARCH, arrives_on=TODAY) == said


@pytest.mark.parametrize(("locale", "month"), [("en", "March 2025"), ("zh-CN", "2025年3月")])
def test_a_month_of_another_year_is_said_with_it(locale: str, month: str) -> None:
    said = say("{name} {month}", locale, name="x", on=date(2025, 3, 9), arrives_on=TODAY)
    assert said == f"x {month}"


def test_a_name_with_braces_stays_a_name() -> None:
    said = say("{name} {month}", "en", name="{month} cup", on=MARCH, arrives_on=TODAY)
    assert said == "{month} cup March"


@pytest.mark.parametrize(
    ("change", "place", "told"),
    [
        (("the {name} you bought in {month}", "what you bought in {month}"), 'en = "goes with',
         "goes_with.en does not say {name}; a phrase of this reason names {month} and {name}"),
        (("goes with the {name} you bought in {month}", "goes with the {name} you bought"),
         'en = "goes with', "goes_with.en does not say {month}"),
        (("a favourite of our customers", "like your {name}"), 'en = "a favourite',
         "popular.en asks for {name}, which it does not rest on; it may hold no placeholder"),
        (("goes with the {name}", "goes with the {name.__class__}"), 'en = "goes with',
         "goes_with.en asks for {name.__class__}"),
        (("goes with the {name}", "goes with the {name!r}"), 'en = "goes with',
         "goes_with.en asks for {name…}"),
        (("goes with the {name}", "goes with the {name"), 'en = "goes with',
         "goes_with.en has a brace too many or too few"),
        (('zh-CN = "很多顾客喜欢"', ""), "[popular]", "popular.zh-CN is missing"),
        (("[popular]", "[beloved]"), "[popular]", "beloved: no such reason; there are"),
    ],
)  # fmt: skip
def test_a_phrase_that_could_not_be_said_truly_is_refused_with_its_line(
    tmp_path: Path, change: tuple[str, str], place: str, told: str
) -> None:
    problems = refused(tmp_path, *change)
    assert any(one.startswith(f"{REASONS}:{line_of(place)}: {told}") for one in problems), problems


def test_a_file_that_is_missing_or_no_toml_is_refused(tmp_path: Path) -> None:
    (problem,) = check_phrases(tmp_path, LOCALES)
    assert str(problem) == f"{REASONS}:1: the file is missing; write why products are recommended"
    (problem,) = check_phrases(write(tmp_path / REASONS, "[popular").parent, LOCALES)
    assert "not TOML" in str(problem)
