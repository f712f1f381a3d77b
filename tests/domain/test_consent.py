"""What holds follows from what was said and when, never from the order in which it came in."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.domain.consent import ENTRIES, Held, Purpose, Word, holding, news

BEGINS = datetime(2017, 11, 14, 5, tzinfo=UTC)
KEY = {"customer_key": 1, "channel": "email", "purpose": "marketing"}


def words(*said: tuple[str, int]) -> pd.DataFrame:
    """Words about one consent, each with the hour at which it was said."""
    rows = [
        KEY | {"event_id": f"{hour}-{word}", "word": word, "source": "staff"}
        | {"said_at": BEGINS + timedelta(hours=hour)}
        for word, hour in said
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(ENTRIES)).astype(dict(ENTRIES))


def held(*said: tuple[str, int]) -> str:
    (state,) = holding(words(*said))["state"]
    return str(state)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Words at distinct hours, and the same words in another order."""
    hours = draw(st.lists(st.integers(0, 500), min_size=1, max_size=8, unique=True))
    said = [(draw(st.sampled_from(list(Word))).value, hour) for hour in hours]
    return said, draw(st.permutations(said))


@given(histories())
def test_the_order_in_which_words_come_in_does_not_matter(two):
    said, shuffled = two
    first, second = holding(words(*said)), holding(words(*shuffled))
    pd.testing.assert_frame_equal(first, second)
    assert len(first) == 1


@given(histories())
def test_after_a_withdrawal_nothing_is_granted_until_something_later_grants_it(two):
    said, _ = two
    last = max((hour for _, hour in said), default=0) + 1
    assert held(*said, ("withdraw", last)) == Held.WITHDRAWN
    assert held(*said, ("withdraw", last), ("request", last + 1)) == Held.PENDING
    assert held(*said, ("withdraw", last), ("grant", last + 1)) == Held.GRANTED


@given(histories())
def test_a_request_alone_never_grants_and_never_takes_away(two):
    said, _ = two
    last = max(hour for _, hour in said) + 1
    before = held(*said)
    after = held(*said, ("request", last))
    assert (after == Held.GRANTED) == (before == Held.GRANTED)


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_yes_and_a_no_at_one_moment_the_no_counts(order):
    assert held(*[("grant", 3), ("withdraw", 3)][::order]) == Held.WITHDRAWN


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([("request", 1)], Held.PENDING),
        ([("request", 1), ("confirm", 1)], Held.GRANTED),
        ([("request", 1), ("withdraw", 2), ("confirm", 1)], Held.WITHDRAWN),
        ([("withdraw", 0), ("request", 1), ("confirm", 1)], Held.GRANTED),
        ([("grant", 1), ("request", 2)], Held.GRANTED),
    ],
)
def test_a_request_counts_once_it_is_confirmed_from_when_it_was_made(said, state):
    assert held(*said) == state


# ── The shop's customer file, which tells no moment ─────────────────────────────────────────────


def said_by(granted: bool, before: bool | None) -> pd.DataFrame:
    told = pd.DataFrame({"customer_key": [1], "granted": [granted]})
    known = pd.DataFrame({"customer_key": [1], "as_imported": pd.array([before], "boolean")})
    about = ("email", Purpose.MARKETING)
    return news(told, known, about=about, as_of=BEGINS, before=BEGINS - timedelta(days=1))


@pytest.mark.parametrize(("granted", "before"), [(True, True), (False, False), (False, None)])
def test_a_file_that_says_what_it_said_before_says_nothing(granted, before):
    assert said_by(granted, before).empty


def test_a_new_no_counts_from_the_night_that_brought_it():
    (found,) = said_by(False, True).itertuples()
    assert (found.word, found.said_at) == ("withdraw", pd.Timestamp(BEGINS))


@pytest.mark.parametrize("before", [False, None])
def test_a_new_yes_counts_from_the_earliest_moment_it_can_have_been_given(before):
    (found,) = said_by(True, before).itertuples()
    assert (found.word, found.said_at) == ("grant", pd.Timestamp(BEGINS) - timedelta(days=2))


@given(st.integers(-47, 400))
def test_the_file_never_overrules_a_no_that_she_may_have_said_after_it(hours):
    """Whatever the hour of her own no, if the shop's yes may be older the no stands."""
    file = said_by(True, False)
    own = words(("withdraw", hours))
    assert holding(pd.concat([file, own]))["state"].tolist() == [Held.WITHDRAWN]


def test_a_yes_given_when_the_file_had_long_known_her_no_is_heard():
    long_ago = words(("withdraw", -24 * 30))
    assert holding(pd.concat([long_ago, said_by(True, False)]))["granted"].tolist() == [True]
