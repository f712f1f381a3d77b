"""What tonight's letters recommend: the rules of the shop over a model, and true reasons."""

import shutil
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select, update

from care import desk, explanation
from care.domain.recommendation import RESTS_ON, SEGMENT_BY, from_text
from care.letters import Words
from care.recommendation import recommend
from care.storage.bulk import read_frame
from care.storage.database import reading, writing
from care.storage.history import open_history
from care.storage.snapshot import load_snapshot, read_pinned
from care.storage.tables import identities, messages
from recommender.items import segments
from tests.workflows.builders import NIGHT, reopened

OPEN = {"recommendations": {"default_cool_down_days": 0}}
WISHED = 2
MANY = 3
"""Of a shop with forty-eight customers."""


class House:
    """The first night, and a question put to it: what would letters recommend?"""

    def __init__(self, home: Path, policy=OPEN):
        self.runtime = reopened(home, policy=policy)
        snapshot = load_snapshot(self.runtime.store, NIGHT)
        self.history = open_history(self.runtime.store, snapshot.history, night=NIGHT)
        self.sold = read_pinned(self.runtime.store, snapshot.products)
        self.lines = self.history.to_pyarrow().to_pandas()
        self.product = self.sold.set_index("product_key")

    def touches(self, **told):
        names = ("customer_key", "customer_id", "locale", "region", "household_id", "dislikes")
        with reading(self.runtime.engine) as connection:
            people = read_frame(connection, select(*identities.c[names]))
        people = people.sort_values("customer_key", ignore_index=True)
        about = pd.array([pd.NA] * len(people), dtype="Int64")
        rows = people.assign(touch_id=people["customer_key"], campaign="birthday", type_key=about)
        return rows.assign(**told)

    def asked(self, touches=None, *, sold=None, **told):
        touches = self.touches() if touches is None else touches
        sold = self.sold if sold is None else sold
        found = recommend(self.runtime, touches, sold, self.history, night=NIGHT, **told)
        return {touch_id: list(rows) for touch_id, rows in found.items.items()}

    def with_(self, key, **told):
        """The catalogue, with something else said of one product."""
        sold = self.sold.copy()
        for name, value in told.items():
            sold[name] = sold[name].astype("object")
            sold.loc[sold["product_key"] == key, name] = value
        return sold.astype(self.sold.dtypes.to_dict())


@pytest.fixture(scope="module")
def home(first_night, tmp_path_factory):
    return shutil.copytree(first_night, tmp_path_factory.mktemp("recommended") / "home")


@pytest.fixture(scope="module")
def house(home):
    return House(home)


@pytest.fixture(scope="module")
def usual(house):
    return house.asked()


def keys(rows):
    return [one.product_key for one in rows]


def favourite_of(usual, customer=1):
    return usual[customer][0].product_key


def test_everybody_gets_what_was_wished(usual, house):
    assert {len(rows) for rows in usual.values()} == {WISHED}
    assert set(usual) == set(house.touches()["touch_id"])


def test_reasons_are_true_of_the_history(usual, house):
    bought = house.lines.groupby(["customer_key", "product_key"])["order_id"].nunique()
    for customer, rows in usual.items():
        for one in rows:
            times = bought.get((customer, one.product_key), 0)
            assert one.reason in RESTS_ON
            assert (one.reason == "bought_often") == (times >= 3)
            assert (one.reason in ("popular", "similar_customers")) == (times == 0)
            assert (one.because is not None) == bool(RESTS_ON[one.reason])


@pytest.mark.parametrize(
    "told",
    [{"stock": 0}, {"flagged_on": pd.Timestamp("2017-11-01")}, {"stage": "retired"}],
    ids=["out of stock", "flagged", "retired"],
)
def test_what_may_not_be_named_gives_way_to_the_next_best(house, usual, told):
    gone = favourite_of(usual)
    found = house.asked(sold=house.with_(gone, **told))
    assert all(gone not in keys(rows) for rows in found.values())
    assert {len(rows) for rows in found.values()} == {WISHED}


def test_what_follows_a_retired_product_takes_its_place_and_names_it(house, usual):
    gone = favourite_of(usual)
    (other, *_) = [key for key in house.sold["product_key"]
                   if house.product["category"][key] not in (house.product["category"][gone],
                                                             "TOBACCO")]  # fmt: skip
    sold = house.with_(gone, stage="retired", successor_key=other)
    found = house.asked(sold=sold)[1]
    (follows,) = [one for one in found if one.reason == "follows"]
    hers = house.lines[(house.lines["customer_key"] == 1) & (house.lines["product_key"] == gone)]
    assert (follows.product_key, follows.because) == (other, gone)
    assert follows.because_on == hers["day"].max()
    silent = house.runtime.policy.wording.never_name[0]
    sold = sold.assign(category=sold["category"].mask(sold["product_key"] == gone, silent))
    unsaid = [one for one in house.asked(sold=sold)[1] if one.product_key == other]
    assert all(one.reason is None or one.because is None for one in unsaid)


def test_a_category_just_bought_is_left_out_for_her_and_her_household(home, house, usual):
    rules = {"recommendations": {"default_cool_down_days": 12}}
    strict = House(home, rules)
    since = NIGHT - timedelta(days=12)
    lately = strict.lines[strict.lines["day"] >= since]
    category = strict.product["category"]
    touches = strict.touches(household_id=None)
    alone = strict.asked(touches)
    warm = set(zip(lately["customer_key"], lately["product_key"].map(category), strict=True))
    assert warm
    for customer, rows in alone.items():
        assert not {(customer, category[key]) for key in keys(rows)} & warm
    buyer = int(lately["customer_key"].iloc[0])
    other = next(c for c in touches["customer_key"] if (c, "COFFEE") not in warm and c != buyer)
    with writing(strict.runtime.engine) as connection:
        both = identities.c.customer_key.in_([buyer, other])
        connection.execute(update(identities).where(both).values(household_id="H7"))
    together = strict.asked(strict.touches())
    theirs = {kind for customer, kind in warm if customer in (buyer, other)}
    assert not {category[key] for key in keys(together.get(other, []))} & theirs


def test_goods_out_of_their_season_are_left_out(home):
    summer = House(home, {"recommendations": {"default_cool_down_days": 0,
                                              "seasons": {"TEA": [6, 7]}}})  # fmt: skip
    named = {summer.product["category"][key] for rows in summer.asked().values()
             for key in keys(rows)}  # fmt: skip
    assert named
    assert "TEA" not in named


def test_what_she_dislikes_is_left_out(house):
    told = house.asked(house.touches(dislikes="flowers;tea"))
    named = {house.product["category"][key] for rows in told.values() for key in keys(rows)}
    assert named == {"COFFEE", "CLEANING"}


def test_who_wants_nothing_personal_gets_what_is_popular_and_nothing_else(house):
    touches = house.touches()
    everybody = pd.Index(touches["customer_key"])
    told = house.asked(touches, impersonal=everybody)
    assert {(one.source, one.reason) for rows in told.values() for one in rows} == {
        ("popular", "popular")
    }
    english = touches["touch_id"][touches["locale"] == "en"]
    assert len({tuple(keys(told[touch_id])) for touch_id in english}) == 1


def test_who_never_bought_gets_what_her_region_or_else_her_language_buys(house, monkeypatch):
    monkeypatch.setattr(segments, "LEAST_BUYERS", MANY)
    strangers = house.touches().head(3).assign(
        customer_key=[9001, 9002, 9003], touch_id=[9001, 9002, 9003], locale="en"
    )  # fmt: skip
    nobody = house.asked(strangers)
    assert {one.source for rows in nobody.values() for one in rows} == {"popular"}
    with writing(house.runtime.engine) as connection:
        newcomers = identities.c.customer_key.in_([46, 47])
        connection.execute(update(identities).where(newcomers).values(locale="en"))
        nowhere = identities.c.customer_key == 47
        connection.execute(update(identities).where(nowhere).values(region=""))
    lines = house.history
    house.history = lines.filter(~lines.customer_key.isin([46, 47]))
    touches = house.touches()
    try:
        found = house.asked(touches[touches["customer_key"].isin([46, 47])])
    finally:
        house.history = lines
    reasons = {touch_id: {one.reason for one in rows} for touch_id, rows in found.items()}
    assert reasons == {46: {SEGMENT_BY["region"]}, 47: {SEGMENT_BY["locale"]}}
    assert {one.source for rows in found.values() for one in rows} == {"segment"}
    for rows in found.values():
        for one in rows:
            buyers = house.lines.loc[
                house.lines["product_key"] == one.product_key, "customer_key"
            ].nunique()
            assert buyers >= MANY


def test_something_new_comes_last_in_a_bounded_share_of_letters(home):
    bold = House(home, {"recommendations": {"default_cool_down_days": 0, "explore_share": 0.25}})
    tea = bold.sold.loc[bold.sold["category"] == "TEA", "type_key"].iloc[0]
    fresh = bold.sold.iloc[[0]].assign(
        product_key=999, type_key=tea, category="TEA", name="White Tea", name_zh="白茶",
        introduced_on=pd.Timestamp("2017-11-10"), product_id="new",
    )  # fmt: skip
    sold = pd.concat([bold.sold, fresh], ignore_index=True).astype(bold.sold.dtypes.to_dict())
    found = bold.asked(sold=sold)
    exploring = {touch: rows for touch, rows in found.items() if 999 in keys(rows)}
    assert 0 < len(exploring) <= 0.25 * len(found)
    for customer, rows in exploring.items():
        assert (rows[-1].product_key, rows[-1].source, rows[-1].reason) == (999, "new", "new")
        hers = bold.lines[bold.lines["customer_key"] == customer]
        assert tea in hers["type_key"].tolist()
    assert bold.asked(sold=sold) == found


def test_the_ledger_keeps_what_was_recommended_and_people_see_why(house):
    with reading(house.runtime.engine) as connection:
        kept = connection.execute(select(messages.c["items_source", "recommended"])).all()
    told = [from_text(row.recommended) for row in kept if row.items_source != "none"]
    assert told
    assert all(one.reason in RESTS_ON for rows in told for one in rows)
    _, samples, _ = desk.show(house.runtime, NIGHT, "birthday", samples=3)
    for sample in samples:
        assert 1 <= len(sample.recommended) <= WISHED
        for one in sample.recommended:
            assert one.product in set(house.sold["name"])
            assert one.in_words.startswith(f"{one.product}: {one.reason}")
    considered = explanation.explain(house.runtime, "c01", night=NIGHT).considered
    touched = [one for one in considered if one.outcome == "touched"]
    assert touched
    assert all(one.recommended for one in touched)


def test_a_letter_says_what_a_product_follows_and_when_she_bought_it(house, usual):
    from dataclasses import replace

    words = Words(house.runtime.policy, house.sold, house.runtime.settings.templates_path,
                  token_key=b"k" * 32)  # fmt: skip
    (one, *_) = usual[1]
    old = house.sold["product_key"].iloc[0]
    rests = replace(one, reason="follows", because=old, because_on=NIGHT.replace(year=2016))
    said = words.reason(rests, "en", NIGHT)
    name = house.product["name"][old]
    assert said == f"takes the place of the {name} you bought in November 2016"
    assert words.reason(replace(rests, because=None), "en", NIGHT) is None
    assert words.reason(replace(rests, reason=None), "en", NIGHT) is None
