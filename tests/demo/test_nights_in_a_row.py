"""What three nights in a row show."""

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path

from tests.demo.ran import NIGHTS, ON_THE_DEMO, rows

pytestmark = ON_THE_DEMO


def reasons(home: Path, night: str) -> Counter[str]:
    query = "SELECT reason, count(*) AS n FROM exclusions WHERE night = ? GROUP BY reason"
    return Counter({row["reason"]: row["n"] for row in rows(home, query, night)})


def test_occasions_already_planned_are_left_alone_from_the_second_night_on(home):
    first, *later = (reasons(home, night) for night in NIGHTS)
    assert first["already_touched"] == first["already_held_out"] == 0
    for night in later:
        assert night["already_touched"] > 50
        assert night["already_held_out"] > 0


def test_the_minimum_gap_shows_in_the_later_nights_and_is_kept(home):
    assert reasons(home, NIGHTS[0])["minimum_gap"] == 0
    assert reasons(home, NIGHTS[1])["minimum_gap"] > 0
    assert reasons(home, NIGHTS[2])["minimum_gap"] > 0
    days = defaultdict(list)
    query = """
        SELECT customer_key, send_on FROM touches
        WHERE arm = 'treated' AND message_class = 'marketing' ORDER BY send_on"""
    for row in rows(home, query):
        days[row["customer_key"]].append(date.fromisoformat(row["send_on"]))
    for sent in days.values():
        assert all((b - a).days >= 3 for a, b in pairwise(sent))


def test_two_campaigns_for_one_customer_show_and_one_wins(home):
    outranked = rows(home, "SELECT * FROM exclusions WHERE reason = 'outranked'")
    assert outranked
    for row in outranked:
        query = """
            SELECT campaign FROM touches
            WHERE night = ? AND customer_key = ? AND message_class = 'marketing'"""
        (winner,) = rows(home, query, row["night"], row["customer_key"])
        assert row["detail"] == f"by {winner['campaign']}"
