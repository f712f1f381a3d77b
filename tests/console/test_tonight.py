"""The night at a glance: everybody accounted for, and of every campaign what can still be done."""

import re

from care.domain.decision import State, Verdict, at_deadline
from tests.workflows.builders import NIGHT, after, approve, at, decide, release_at, run_night

BIRTHDAY = f"/nights/{NIGHT}/birthday"
REPLENISHMENT = f"/nights/{NIGHT}/replenishment"
CELL = re.compile(r'<td class="num">([\d,]+)</td>')


def later(visit, clock, days=0):
    visit.console.state.clock = lambda: at(clock, after(days))
    return visit


def accounts(page):
    table = page[page.index("What became of everybody") : page.index("Who got nothing, and why")]
    return [
        [int(n.replace(",", "")) for n in CELL.findall(row)]
        for row in table.split("<tr>")
        if CELL.search(row)
    ]


def test_in_every_row_who_was_due_is_all_the_others_together(mei, house):
    run_night(house, after(1))
    for night in (NIGHT, after(1)):
        page = mei.read(f"/nights/{night}")
        *rows, total = accounts(page)
        assert rows
        for due, *others in [*rows, total]:
            assert due == sum(others), page
        assert total == [sum(column) for column in zip(*rows, strict=True)]
        reasons = page[page.index("Who got nothing, and why") :]
        *counted, together = [int(n) for n in CELL.findall(reasons)]
        assert sum(counted) == together == total[0] - total[1]


def test_what_waits_from_other_nights_is_counted_and_the_most_urgent_comes_first(mei, house):
    run_night(house, after(1))
    page = mei.read("/")
    waiting = mei.client.get("/api/waiting").json()
    assert len({one["night"] for one in waiting}) == 2
    assert f"{len(waiting)} campaigns wait for you" in page
    others = page[page.index("Still waiting from other nights") : page.index("<dl")]
    told = [int(one) for one in re.findall(r'data-until="(\d+)"', others)]
    assert len(told) == sum(one["night"] == str(NIGHT) for one in waiting)
    assert told == sorted(told)


def test_a_deadline_that_is_over_says_so_and_what_comes_next(mei, house):
    page = later(mei, "10:00", days=1).read(REPLENISHMENT)
    assert "overdue by 9 h 0 min" in page
    assert "expires with the next release" in page
    assert "expires if nobody decides" not in page
    answer = mei.send(f"{REPLENISHMENT}/decide", verdict="approve", seen=mei.seen(REPLENISHMENT))
    assert answer.status_code == 303
    release_at(house, "10:05", after(1))
    assert 'class="state sealed big"' in mei.read(REPLENISHMENT)


def test_what_nobody_decided_follows_its_policy_and_never_what_one_alone_saw():
    for state, unanswered, seen_by_one, verdict in (
        (State.WAITING, "release", False, Verdict.APPROVE),
        (State.WAITING, "release", True, Verdict.EXPIRE),
        (State.WAITING, "expire", False, Verdict.EXPIRE),
        (State.HELD, "release", False, Verdict.EXPIRE),
    ):
        assert at_deadline(state, unanswered, seen_by_one=seen_by_one) is verdict


def test_what_was_decided_does_not_ask_for_a_person_any_more(mei, house):
    assert "policy asks for a person" in mei.read(BIRTHDAY)
    assert "if nobody decides" in mei.read(BIRTHDAY)
    approve(house, "birthday")
    assert "policy asks for a person" not in mei.read(BIRTHDAY)
    assert "if nobody decides" not in mei.read(BIRTHDAY)


def test_what_is_on_its_way_says_how_much_of_it_and_offers_no_verdict(mei, house):
    path = f"/nights/{NIGHT}/membership_anniversary"
    approve(house, "membership_anniversary")
    assert f'action="../../{path[1:]}/decide"' in mei.read(path)
    release_at(house, "06:30")
    page = mei.read(path)
    assert re.search(r'class="state sealed big">on its way: \d+ of \d+<', page)
    assert "/decide" not in page
    assert "nothing can be stopped or changed any more" in page
    assert "/exclude" not in mei.read(f"{path}/messages?locale=en")
    assert "on its way: " in mei.read("/")


def test_the_first_closing_stands_beside_the_last_one(mei, house):
    stands = next(
        one
        for one in mei.client.get(f"/api/nights/{NIGHT}").json()["campaigns"]
        if one["stands"]["campaign"] == "replenishment"
    )
    assert stands["leaves_from"] < stands["closes_from"] <= stands["leaves_until"]
    rows = mei.client.get(f"/api/nights/{NIGHT}/campaigns/replenishment/messages").json()["rows"]
    assert min(one["not_after"] for one in rows) == stands["closes_from"]
    assert mei.read(f"{REPLENISHMENT}/messages").count("<br>– ") == len(rows)


def test_the_decision_comes_before_the_messages(mei):
    page = mei.read(BIRTHDAY)
    assert page.index('aria-label="Decide"') < page.index('class="message"')


def test_a_second_person_is_waited_for_where_one_alone_saw_it(mei, house):
    decide(house, Verdict.HOLD, "birthday")
    assert "expires if nobody decides" in mei.read(BIRTHDAY)
