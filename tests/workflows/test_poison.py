"""Poison among the shop's rows costs itself alone: the night goes on, and what leaves is inert."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from care.runtime import Runtime
from care.storage.snapshot import load_snapshot
from tests.intake.poison import FORMS, NAMES, NO_TEXT
from tests.workflows.builders import (
    NIGHT,
    Row,
    a_policy_file,
    approve,
    messages_of,
    release_at,
    reopened,
    run_night,
    some_customers,
    some_orders,
    some_products,
)
from tests.workflows.laws import assert_laws
from tests.workflows.peer import exported, parts_of

pytestmark = pytest.mark.slow

HOSTILE = (*NAMES, "x" * 10_000, "A\x00nn", "\u202eevil\u202c")
BROKEN: Sequence[Mapping[str, Any]] = (
    {"customer_id": None},
    {"customer_id": "k" * 201},
    {"given_name": NO_TEXT},
    {"email": "ann@example.com\r\nBcc: all@example.com", "phone": "+1+1"},
    {"birthday": "1900-01-01"},
    {"birthday": "1987-02-29"},
)
LINES: Sequence[Mapping[str, Any]] = (
    {"quantity": "-1"},
    {"quantity": "1e300"},
    {"amount": "=1+1"},
    {"ordered_at": "0001-01-01"},
    {"customer_id": "{{7*7}}"},
    {"product_id": NO_TEXT},
)


def customers() -> list[Row]:
    """Sound customers, hostile ones whose birthday it is, and broken ones."""
    sound = some_customers()
    like = sound[0] | {"birthday": f"--{NIGHT:%m-%d}", "preferred_channel": None, "locale": "en"}
    hostile = [
        like | {"customer_id": f"h{n}", "given_name": name, "family_name": None}
        for n, name in enumerate(HOSTILE)
    ]
    broken = [like | {"customer_id": f"b{n}"} | dict(case) for n, case in enumerate(BROKEN)]
    return [*sound, *hostile, *broken]


def orders() -> list[Row]:
    """Sound lines, one in a hundred of them followed by a broken one."""
    lines = [
        {name: str(value) for name, value in line.items()} for line in some_orders(some_customers())
    ]
    amounts = [line | {"amount": line.pop("amount_minor")} for line in lines]
    mixed: list[Row] = []
    for place, line in enumerate(amounts):
        mixed.append(line)
        if place % 100 == 99:
            broken = LINES[place // 100 % len(LINES)]
            mixed.append(line | {"order_id": f"b{place}"} | dict(broken))
    return mixed


def a_poisoned_house(home: Path, form: str) -> Runtime:
    shop = home / "shop"
    shop.mkdir(parents=True)
    text = f"[customers]\n{FORMS[form](shop, 'customers', customers())}"
    products = [{name: said and str(said) for name, said in row.items()} for row in some_products()]
    text += f'[products]\nmoney = "major"\n{FORMS[form](shop, "products", products)}'
    text += f'[orders]\nmoney = "minor"\n{FORMS[form](shop, "orders", orders())}'
    (shop / "shop.toml").write_text(text, encoding="utf-8")
    a_policy_file(home / "policy.toml", {"holdout": {"share": 0.0}})
    return reopened(home)


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Runtime]:
    """The same poisoned shop in two forms, each after its night was released."""
    found = {}
    with pytest.MonkeyPatch.context() as environment:
        for name in ("CARE_MASTER_KEY", "CARE_GATEWAY_SECRET"):
            environment.setenv(name, "00" * 32)
        for form in ("Parquet", "GB18030"):
            runtime = a_poisoned_house(tmp_path_factory.mktemp("poison") / "home", form)
            run_night(runtime)
            approve(runtime)
            release_at(runtime, "10:30")
            found[form] = runtime
    return found


def test_every_broken_row_is_counted_by_its_reason(houses: dict[str, Runtime]):
    for runtime in houses.values():
        counts = load_snapshot(runtime.store, NIGHT).counts
        for count in counts.values():
            assert count.read == count.kept + sum(count.set_aside.values())
        assert counts["customers"].set_aside == {"undecodable": 1, "missing_key": 1, "bad_key": 1}
        assert set(counts["orders"].set_aside) == {
            "bad_quantity",
            "bad_amount",
            "bad_time",
            "unknown_customer",
            "undecodable",
        }


def test_the_others_go_out_and_the_laws_hold(houses: dict[str, Runtime]):
    for runtime in houses.values():
        assert_laws(runtime)
        left = messages_of(runtime, "birthday").query("batch_id.notna()")
        assert {f"h{n}" for n in range(len(HOSTILE))} <= set(left.index)
        assert {"c02", "b0", "b1", "b2", "b4", "b5"}.isdisjoint(left.index)
        greetings = [str(line.get("subject")) for line in exported(runtime.settings.outbound)]
        assert any("עדי כהן" in greeting for greeting in greetings)
        assert not any("49" in greeting for greeting in greetings)


def test_the_form_of_the_shops_files_changes_no_byte_that_leaves(houses: dict[str, Runtime]):
    parts = [list(parts_of(runtime.settings.outbound).values()) for runtime in houses.values()]
    assert parts[0] == parts[1]


def test_what_leaves_is_json_lines_of_inert_text(houses: dict[str, Runtime]):
    for data in parts_of(houses["GB18030"].settings.outbound).values():
        for line in data.decode("utf-8").split("\n")[:-1]:
            message = orjson.loads(line)
            for key in ("to", "from", "reply_to", "subject"):
                assert not re.search(r"[\r\n\x00]", str(message.get(key) or ""))
            assert not re.search("[\x00\u202a-\u202e\ud800-\udfff]", " ".join(_texts(message)))
            assert "<script" not in (message.get("html") or "")
            assert "Bcc" not in str(message.get("headers"))
            assert "x" * 121 not in line


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []
