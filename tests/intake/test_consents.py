"""Consents: the latest word on each purpose wins, and silence or a riddle is no consent."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from care.domain.consent import COLUMN_OF, dated, holding
from care.intake.check import check_sources
from care.intake.consents import read_consents
from care.intake.customers import read_customers
from care.intake.taken import Taken
from tests.intake.builders import NIGHT, ZONE, a_shop, issues_of

CUSTOMERS = {
    "customer_id": ["c1", "c2"],
    "name": ["Wang Li", "Emma"],
    "email_consent": ["true", "false"],
}
MAPPED = '[consents]\npath = "consents.parquet"\n'


def told(folder: Path, **columns: Any) -> tuple[Taken, dict[str, tuple[bool, ...]]]:
    """What was read, and what each customer agrees to: e-mail, SMS, what is sensitive."""
    count = len(next(iter(columns.values())))
    sound: dict[str, Any] = {
        "customer_id": ["c1"] * count,
        "purpose": ["email"] * count,
        "given": ["false"] * count,
        "given_at": ["2017-11-01 10:00:00"] * count,
    }
    rows = {name: pa.array(values, pa.string()) for name, values in (sound | columns).items()}
    parquet.write_table(pa.table(rows), folder / "consents.parquet")
    sources = a_shop(folder, customers=CUSTOMERS, toml=MAPPED)
    customers = read_customers(sources, night=NIGHT).kept
    assert sources.consents is not None
    found = read_consents(
        sources, sources.consents, customers=customers, night=NIGHT, timezone=ZONE
    )
    assert found.read == found.rows_kept + sum(found.rows_set_aside.values())
    keys = customers[["customer_id"]].assign(customer_key=range(len(customers)))
    held = holding(dated(found.kept.merge(keys, on="customer_id"))).merge(keys)
    holds = {(row.customer_id, row.channel, row.purpose): row.granted for row in held.itertuples()}
    agreed = customers.set_index("customer_id")
    return found, {
        who: tuple(
            bool(holds.get((who, *map(str, place)), agreed.loc[who, column]))
            for column, place in COLUMN_OF.items()
        )
        for who in agreed.index
    }


def test_what_is_told_here_overrides_the_customers_table_and_nothing_else(tmp_path: Path):
    _, agreed = told(tmp_path, customer_id=["c1", "c2"], given=["false", "true"])
    assert agreed == {"c1": (False, False, False), "c2": (True, False, False)}


def test_each_purpose_is_for_itself(tmp_path: Path):
    _, agreed = told(tmp_path, purpose=["Sensitive", "sms"], given=["True", "1"])
    assert agreed == {"c1": (True, True, True), "c2": (False, False, False)}


def test_the_latest_word_wins_wherever_it_stands(tmp_path: Path):
    times = ["2017-11-20 10:00:00", "2017-11-01 10:00:00"]
    found, agreed = told(tmp_path, given=["false", "true"], given_at=times)
    assert agreed["c1"] == (False, False, False)
    assert found.rows_kept == 2


@pytest.mark.parametrize("given", [["true", "false"], ["false", "true"]])
def test_of_two_words_at_one_moment_the_no_counts(tmp_path: Path, given: list[str]):
    _, agreed = told(tmp_path, customer_id=["c2", "c2"], given=given)
    assert agreed["c2"] == (False, False, False)


def test_a_consent_from_the_night_on_is_not_read_yet_but_a_withdrawal_is(tmp_path: Path):
    morning = ["2017-12-01 13:00:00"] * 2
    found, agreed = told(
        tmp_path, customer_id=["c2", "c1"], given=["true", "false"], given_at=morning
    )
    assert agreed == {"c1": (False, False, False), "c2": (False, False, False)}
    assert found.read == 1


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ({"customer_id": None}, "customer_id", "missing_key"),
        ({"customer_id": "c9"}, "customer_id", "unknown_customer"),
        ({"purpose": "fax"}, "purpose", "unknown_value"),
        ({"given": "perhaps"}, "given", "unknown_value"),
        ({"given": None}, "given", "unknown_value"),
        ({"given_at": "soon"}, "given_at", "bad_time"),
    ],
)
def test_a_row_that_says_nothing_clear_changes_nothing(tmp_path: Path, wrong, field, reason):
    found, agreed = told(tmp_path, **{name: [value] for name, value in wrong.items()})
    assert issues_of(found) == [(field, reason, "row")]
    assert agreed["c1"] == (True, False, False)


def test_a_check_tells_of_consents_too(tmp_path: Path):
    told(tmp_path, customer_id=["c1", "c9"])
    sources = a_shop(tmp_path, customers=CUSTOMERS, toml=MAPPED)
    *_, consents = check_sources(sources, night=NIGHT, timezone=ZONE)
    assert (consents.table, consents.read, consents.kept) == ("consents", 2, 1)
