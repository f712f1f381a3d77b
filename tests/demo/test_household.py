"""One household of the demo, followed by hand."""

import io
import json
import math
import sqlite3
import zipfile
from bisect import bisect_right
from collections import defaultdict
from datetime import UTC, date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet
import pytest

from care.rhythms import MEASURED_LINES
from care.runtime import open_runtime
from care.storage.history import open_history
from care.storage.pieces import sample
from care.storage.quantities import elasticity
from care.storage.snapshot import load_snapshot
from tests.demo.ran import NIGHTS, ON_THE_DEMO, rows, sealed, shell

pytestmark = ON_THE_DEMO
NAMED = "430"
"""The first household with a reminder on the first night whom the next two nights mention too, and
nothing else."""


@pytest.fixture(scope="module")
def reminder(home) -> sqlite3.Row:
    """The first night's reminder to the household that this chapter is about."""
    query = """
        SELECT i.customer_id, i.email, i.phone, t.*, p.product_id, k.product_type
        FROM touches t JOIN identities i USING (customer_key)
        JOIN products p USING (product_key) JOIN product_types k ON k.type_key = t.type_key
        WHERE t.night = ? AND t.campaign = 'replenishment' AND t.arm = 'treated'
          AND (SELECT count(DISTINCT night) FROM exclusions e
               WHERE e.customer_key = t.customer_key AND e.campaign = t.campaign) = 2
          AND NOT EXISTS (SELECT 1 FROM exclusions e
               WHERE e.customer_key = t.customer_key AND e.campaign <> t.campaign)
          AND (SELECT count(*) FROM touches o WHERE o.customer_key = t.customer_key) = 1
        ORDER BY CAST(i.customer_id AS INTEGER) LIMIT 1"""
    (found,) = rows(home, query, NIGHTS[0])
    assert found["customer_id"] == NAMED
    return found


@pytest.fixture(scope="module")
def bought(home) -> dict[str, list[date]]:
    """What the household bought before the night, from the shop's own files: product → days."""
    read = pyarrow.parquet.read_table
    orders = read(
        home / "shop" / "orders.parquet", filters=[("household_id", "==", int(NAMED))]
    ).to_pylist()
    found = defaultdict(list)
    for line in orders:
        stamp = line["transaction_timestamp"].replace(tzinfo=UTC)
        day = stamp.astimezone(ZoneInfo("America/New_York")).date()
        if line["quantity"] > 0 and day.isoformat() < NIGHTS[0]:
            found[str(line["product_id"])].append(day)
    return found


@pytest.fixture(scope="module")
def quantities(home, reminder, catalogue) -> dict[date, float]:
    """How much of what the reminder is about the household bought on each day."""
    read = pyarrow.parquet.read_table
    found = defaultdict(float)
    for line in read(
        home / "shop" / "orders.parquet", filters=[("household_id", "==", int(NAMED))]
    ).to_pylist():
        kind = catalogue.get(str(line["product_id"]), {}).get("product_type")
        day = line["transaction_timestamp"].replace(tzinfo=UTC)
        if kind == reminder["product_type"]:
            found[day.astimezone(ZoneInfo("America/New_York")).date()] += line["quantity"]
    return found


def measured_elasticity(home) -> float:
    """What this shop's history says; tests/storage_files asks whether that is measured right."""
    runtime = open_runtime(home=home)
    night = date.fromisoformat(NIGHTS[0])
    files = load_snapshot(runtime.store, night).history
    history = open_history(runtime.store, files, night=night)
    return elasticity(sample(history, lines=MEASURED_LINES))


@pytest.fixture(scope="module")
def catalogue(home) -> dict[str, dict]:
    table = pyarrow.parquet.read_table(home / "shop" / "products.parquet").to_pylist()
    return {str(product["product_id"]): product for product in table}


@pytest.fixture(scope="module")
def days(reminder, bought, catalogue) -> list[date]:
    """The days on which the household bought what the reminder is about, whichever product."""
    kind = reminder["product_type"]
    return sorted(
        {day for product, on in bought.items() if catalogue[product]["product_type"] == kind
         for day in on}
    )  # fmt: skip


def test_the_product_of_the_reminder_is_among_the_households_purchases(reminder, bought, catalogue):
    assert reminder["product_id"] in bought
    assert catalogue[reminder["product_id"]]["product_type"] == reminder["product_type"]


def test_the_occasion_is_the_last_purchase_of_that_kind(reminder, days):
    assert reminder["occasion_key"] == f"replenish-{reminder['type_key']}-{days[-1]}"


def test_the_rhythm_is_one_that_deserves_a_reminder(reminder, days):
    assert len(days) >= 4
    assert (days[-1] - days[0]).days / (len(days) - 1) >= 21
    ahead = (date.fromisoformat(reminder["occasion_on"]) - date.fromisoformat(NIGHTS[0])).days
    assert -4 <= ahead <= 3


def test_the_expected_day_adds_up_by_hand(home, reminder, days, quantities):
    """Last purchase + the law's median: a mean log interval shrunk towards its type's.

    And put off as far as more than usual of the type lasts longer in this shop.
    """
    query = "SELECT artifact FROM models WHERE kind = 'timing' AND night = ? AND name = 'layered'"
    (model,) = rows(home, query, NIGHTS[0])
    with zipfile.ZipFile(home / "store" / model["artifact"]) as archive:
        prior = json.loads(archive.read("meta.json"))["parameters"]["ground"]["law"]["prior"]
        arrays = {
            name.removeprefix("law_").removesuffix(".npy"): np.load(
                io.BytesIO(archive.read(name))
            ).tolist()
            for name in archive.namelist()
            if name.startswith("law_")
        }
    of_type = arrays["prior_types"].index(reminder["type_key"])
    mean, within = arrays["prior_mean"][of_type], arrays["prior_within"][of_type]
    between = prior["between"]

    intervals = [(b - a).days for a, b in pairwise(days)]
    precision = len(intervals) / within + 1 / between
    mu = (sum(map(math.log, intervals)) / within + mean / between) / precision
    spread = math.sqrt(within + 1 / precision)
    curve = arrays["survival"][bisect_right([3, 6, 12], len(days))]
    place = next(point for point, alive in enumerate(curve) if alive <= 0.5)
    above, below = curve[place - 1], curve[place]
    median = -6 + 0.01 * (place - 1 + (above - 0.5) / (above - below))
    usual = round(math.exp(mu + spread * median))
    logs = [math.log(quantities[day]) for day in days]
    more = logs[-1] - sum(logs) / len(logs)
    longer = math.exp(measured_elasticity(home) * more)
    expected = days[-1] + timedelta(days=round(usual * longer))

    assert reminder["occasion_on"] == expected.isoformat()


def test_the_ledger_explains_all_three_nights_of_the_household(home, reminder):
    story = {}
    for night in NIGHTS:
        values = (night, reminder["customer_key"])
        touched = rows(home, "SELECT * FROM touches WHERE night = ? AND customer_key = ?", *values)
        passed = rows(
            home, "SELECT * FROM exclusions WHERE night = ? AND customer_key = ?", *values
        )
        story[night] = [("touched", row["occasion_key"]) for row in touched]
        story[night] += [(row["reason"], row["occasion_key"]) for row in passed]
    occasion = reminder["occasion_key"]
    assert story == {
        NIGHTS[0]: [("touched", occasion)],
        NIGHTS[1]: [("already_touched", occasion)],
        NIGHTS[2]: [("already_touched", occasion)],
    }


def test_her_message_names_the_product_in_her_words_once_it_is_approved(copy, reminder, catalogue):
    moment = "--now 2017-11-14T09:30-05:00"
    approve = f"care review approve replenishment --night {NIGHTS[0]} {moment} --home {copy}"
    assert shell(approve, copy.parent).returncode == 0
    assert shell(f"care release {moment} --home {copy}", copy.parent).returncode == 0
    (mine,) = [
        message
        for message, _ in sealed(copy)
        if message["campaign"] == "replenishment"
        and message["to"] in (reminder["email"], reminder["phone"])
    ]
    product = catalogue[reminder["product_id"]]
    name = product["description_zh" if mine["locale"] == "zh-CN" else "description"]
    assert name.lower() in mine.get("text", mine.get("body", "")).lower()
