"""A night's snapshot: taken once, read for ever, and never trusted unseen."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from care.domain.setaside import SET_ASIDE, UnableToUseFrame
from care.intake.localday import night_begins
from care.storage.history import MonthFile
from care.storage.snapshot import (
    Count,
    Snapshot,
    UnableToLoadSnapshot,
    find_snapshot,
    load_snapshot,
    previous_snapshot,
    read_pinned,
    take_snapshot,
)
from care.storage.store import Store, facts_of

NIGHT = date(2017, 12, 1)
PRODUCTS = pd.DataFrame({"product_id": ["p1"], "name_zh": ["汤"], "product_key": [10]})


def a_month(store: Store, content: bytes) -> MonthFile:
    """Pin a file of the history; what is in it is nothing to a snapshot."""
    facts = facts_of(content)
    store.write(f"history/{facts.sha256}", content)
    return MonthFile(
        path=f"history/{facts.sha256}",
        sha256=facts.sha256,
        bytes=facts.bytes,
        rows=1,
        month="2017-11",
        source="1-0",
    )


def taken(store: Store, night: date = NIGHT, *, lines: bytes = b"lines", **other: Any) -> Snapshot:
    set_aside = SET_ASIDE.empty()
    set_aside.loc[0] = ["orders", "o.parquet", 7, "o1", "amount", "-1", "bad_amount", "row", "mend"]
    said = {
        "night": night,
        "timezone": "America/New_York",
        "as_of": night_begins(night, "America/New_York"),
        "history": [a_month(store, lines)],
        "products": PRODUCTS,
        "set_aside": set_aside.astype(dict(SET_ASIDE.dtypes)),
        "counts": {"orders": Count(read=2, kept=1, set_aside={"bad_amount": 1})},
    }
    return take_snapshot(store, **(said | other))


def test_a_snapshot_is_found_again_as_it_was_taken(store: Store):
    snapshot = taken(store)
    assert load_snapshot(store, NIGHT) == find_snapshot(store, NIGHT) == snapshot
    assert load_snapshot(store, NIGHT).sha256 == snapshot.sha256
    assert snapshot.counts["orders"].set_aside == {"bad_amount": 1}
    assert snapshot.history[0].rows == 1


def test_a_night_that_was_taken_stays_as_it_is(store: Store):
    first = taken(store)
    again = taken(store, lines=b"others", products=PRODUCTS.assign(product_id="p2"))
    assert again == first
    assert load_snapshot(store, NIGHT) == first


def test_the_same_night_of_the_same_data_is_the_same_to_the_byte(store: Store, folder_store: Store):
    manifest = f"nights/{NIGHT}/manifest.json"
    assert taken(store).sha256 == taken(folder_store).sha256
    assert store.read(manifest) == folder_store.read(manifest)


def test_the_manifest_can_be_read_by_people(store: Store):
    snapshot = taken(store)
    said = json.loads(store.read(f"nights/{NIGHT}/manifest.json"))
    assert said["night"] == "2017-12-01"
    assert said["as_of"] == "2017-12-01T05:00:00Z"
    assert said["sha256"] == snapshot.sha256
    assert said["history"][0]["month"] == "2017-11"


def test_any_difference_in_what_was_read_is_another_fingerprint(store: Store):
    first = taken(store, NIGHT)
    others = [
        taken(store, date(2017, 12, 2)),
        taken(store, date(2017, 12, 3), lines=b"others"),
        taken(store, date(2017, 12, 4), products=PRODUCTS.assign(product_id="p2")),
    ]
    same_but_night = others[0].model_copy(update={"night": NIGHT, "as_of": first.as_of})
    assert len({first.sha256, *(snapshot.sha256 for snapshot in others)}) == 4
    assert same_but_night.history == first.history


def test_what_it_pins_is_read_back_with_its_types(store: Store):
    snapshot = taken(store)
    pd.testing.assert_frame_equal(read_pinned(store, snapshot.products), PRODUCTS)
    set_aside = SET_ASIDE.check(read_pinned(store, snapshot.set_aside))
    assert set_aside["row"].tolist() == [7]


def test_a_frame_that_is_no_set_aside_frame_is_refused(store: Store):
    with pytest.raises(UnableToUseFrame, match="set aside"):
        taken(store, set_aside=pd.DataFrame({"row": [1]}))


def test_the_previous_snapshot_is_that_of_the_last_night_before(store: Store):
    assert previous_snapshot(store, before=NIGHT) is None
    for night in (date(2017, 11, 28), date(2017, 11, 30), date(2017, 12, 2)):
        taken(store, night)
    assert previous_snapshot(store, before=NIGHT).night == date(2017, 11, 30)
    assert previous_snapshot(store, before=date(2017, 11, 28)) is None


def test_a_night_that_was_begun_but_not_taken_is_passed_over(store: Store):
    taken(store, date(2017, 11, 28))
    store.write("nights/2017-11-30/set_aside-1.parquet", b"")
    assert previous_snapshot(store, before=NIGHT).night == date(2017, 11, 28)
    assert find_snapshot(store, date(2017, 11, 30)) is None


def test_a_night_that_was_not_taken_cannot_be_loaded(store: Store):
    with pytest.raises(UnableToLoadSnapshot, match="night 2017-12-01 was not taken; take"):
        load_snapshot(store, NIGHT)


@pytest.mark.parametrize("pinned", ["history", "products", "set_aside"])
def test_a_pinned_file_that_changed_is_refused_and_named(store: Store, pinned: str):
    snapshot = taken(store)
    file = snapshot.history[0] if pinned == "history" else getattr(snapshot, pinned)
    content = store.read(file.path)
    store.write(file.path, content[:-1] + b"?")
    with pytest.raises(UnableToLoadSnapshot) as refused:
        load_snapshot(store, NIGHT)
    assert f"needs {file.path} as it was: {file.bytes} bytes" in str(refused.value)
    assert "Restore it from a backup" in str(refused.value)


def test_a_pinned_file_that_is_gone_is_named(folder_store: Store):
    snapshot = taken(folder_store)
    Path(folder_store.url(snapshot.products.path)).unlink()
    with pytest.raises(UnableToLoadSnapshot, match=r"products/.*, which is gone. Restore"):
        load_snapshot(folder_store, NIGHT)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{}", "is not a manifest"),
        (b"half a fi", "is not a manifest"),
        (b"[]", "is not a manifest"),
        (None, "was changed after it was written"),
    ],
)
def test_a_manifest_that_was_tampered_with_is_refused(store: Store, content, problem: str):
    taken(store)
    path = f"nights/{NIGHT}/manifest.json"
    if content is None:
        content = store.read(path).replace(b'"rows": 1', b'"rows": 2')
    store.write(path, content)
    with pytest.raises(UnableToLoadSnapshot, match=problem):
        load_snapshot(store, NIGHT)
