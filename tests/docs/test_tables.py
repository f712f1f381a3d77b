"""The tables of the pages say what the code says."""

import re
import tomllib

import pytest

from care.policy import Policy
from tests.docs.pages import NAMES, ROOT, read, script

TABLES, KEY, MEANING = script("tables"), script("writing.key"), script("writing.meaning")
PAGES = [name for name in NAMES if "<!-- table: " in read(name)]


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_of_a_page_are_fresh(page: str) -> None:
    assert TABLES.refreshed(read(page)) == read(page), "run: python docs/tables.py"


def test_every_table_has_its_place_and_only_one() -> None:
    placed = [name for page in NAMES for name in re.findall(r"<!-- table: (\S+) -->", read(page))]
    assert sorted(placed) == sorted(TABLES.TABLES)


def test_every_part_of_the_policy_is_explained() -> None:
    explained = {name.partition(".")[2] for name in TABLES.TABLES}
    assert set(Policy.model_fields) - explained - {"campaign_table", "ladders"} == set()


def test_a_page_that_asks_for_an_unknown_table_is_refused() -> None:
    with pytest.raises(TABLES.UnableToWriteTable, match="there is no table 'colours'"):
        TABLES.refreshed("<!-- table: colours -->\n\n<!-- end -->")


def test_a_key_without_a_meaning_is_refused_with_the_remedy() -> None:
    with pytest.raises(TABLES.UnableToWriteTable, match=r'docs/meanings.toml under \["filters"\]'):
        MEANING.meaning("filters", "colour")


def test_no_meaning_is_left_of_a_key_that_is_gone_or_that_its_field_describes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used = set()

    def noting(table: str, key: str) -> str:
        used.add((table, str(key)))
        return str(MEANING.meaning(table, key))

    for module in (TABLES, KEY):
        monkeypatch.setattr(module, "meaning", noting)
    for write in TABLES.TABLES.values():
        write()
    text = (ROOT / "docs" / "meanings.toml").read_text("utf-8")
    written = {(table, key) for table, keys in tomllib.loads(text).items() for key in keys}
    assert written == used


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("whole number, 1 to 7", "touches_per_week"),
        ("`defer` or `drop`", "when_crowded"),
        ("list of `email` or `sms`, at least 1", "channels"),
        ("`28-february` or `1-march`", "leap_day"),
        ("text for each locale", "postal_address"),
        ("a table for each `channel`", "sending_hours"),
        ("number, 0 to 0.5", "share"),
    ],
)
def test_types_are_said_as_a_person_would(said: str, key: str) -> None:
    assert f"| `{key}` | {said} |" in read("docs/policy.md")


def test_a_table_that_is_not_written_yet_does_not_reach_into_the_next() -> None:
    empty = "".join(
        f"<!-- table: {name} -->\n<!-- end -->\n\nwords\n\n" for name in ("layers",) * 2
    )
    fresh = TABLES.refreshed(empty)
    assert fresh.count("words") == 2
    assert TABLES.refreshed(fresh) == fresh
