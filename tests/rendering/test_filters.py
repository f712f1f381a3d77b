"""How dates, money, counts and names are said."""

from datetime import date

import pytest

from care.rendering.filters import first_up, plural, say_count, say_day, say_money, say_span, short


@pytest.mark.parametrize(
    ("locale", "with_year", "expected"),
    [
        ("zh-CN", False, "12月5日"),
        ("zh-CN", True, "2026年12月5日"),
        ("en", False, "December 5"),
        ("en", True, "December 5, 2026"),
    ],
)
def test_a_day(locale: str, with_year: bool, expected: str) -> None:
    assert say_day(date(2026, 12, 5), locale, with_year=with_year) == expected


@pytest.mark.parametrize(
    ("start", "end", "chinese"),
    [
        (date(2026, 5, 21), date(2026, 5, 27), "5月21日至27日"),
        (date(2026, 5, 28), date(2026, 6, 3), "5月28日至6月3日"),
        (date(2026, 12, 28), date(2027, 1, 3), "12月28日至1月3日"),
    ],
)
def test_a_span_of_days(start: date, end: date, chinese: str) -> None:
    assert say_span(start, end, "zh-CN") == chinese


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "expected"),
    [
        (1250, "CNY", "zh-CN", "¥12.50"),
        (1250, "USD", "en", "$12.50"),
        (500, "JPY", "en", "¥500"),
        (123_456_789, "USD", "en", "$1,234,567.89"),
    ],
)
def test_money_is_told_from_minor_units(
    minor: int, currency: str, locale: str, expected: str
) -> None:
    assert say_money(minor, currency, locale) == expected


@pytest.mark.parametrize(
    ("number", "chinese", "english"),
    [
        (1, "一", "one"),
        (2, "两", "two"),
        (10, "十", "ten"),
        (12, "十二", "12"),
        (20, "二十", "20"),
        (35, "三十五", "35"),
        (100, "100", "100"),
    ],
)
def test_a_small_count_is_said_in_words(number: int, chinese: str, english: str) -> None:
    assert say_count(number, "zh-CN") == chinese
    assert say_count(number, "en") == english


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("milk", "milk"),
        ("canned soft drinks, large pack", "canned soft drinks"),
        ("rice, beans and side dishes", "rice, beans and side dishes"),
        ("明前龙井茶（礼盒装）250克", "明前龙井茶"),
        ("米、豆和配菜", "米、豆和配菜"),
        ("FLUID MILK WHITE ONLY", "Fluid Milk White Only"),
        ("USB", "USB"),
        ("Wireless Noise Cancelling Over-Ear Headphones", "Wireless Noise Cancelling"),
        ("云南高山古树普洱熟茶饼七子饼三百五十七克", "云南高山古树普洱熟茶饼七子饼三…"),
        ("(only brackets)", "(only brackets)"),
    ],
)
def test_a_product_name_is_shortened_where_a_person_would(name: str, expected: str) -> None:
    assert short(name) == expected


def test_words_agree_and_begin() -> None:
    assert [plural(n, "year", "years") for n in (1, 2)] == ["year", "years"]
    assert first_up("a tin of tea") == "A tin of tea"
    assert first_up("") == ""
