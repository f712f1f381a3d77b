"""``shop.toml`` is read whole or refused with file, line, key and remedy."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from care.intake.sources import UnableToReadSources, read_sources
from care.intake.table import connect, open_table
from tests.intake.builders import a_shop, customers_of, some_orders, write_toml

WHOLE = """\
[customers]
path = "customers.parquet"
phone_region = "CN"

[customers.columns]
customer_id = "uid"

[products]
path = "products.parquet"
money = "minor"

[orders]
path = "orders/*.parquet"
money = "major"
timezone = "Asia/Shanghai"
defaults = { quantity = 1 }
"""


def test_a_whole_mapping_is_read(tmp_path: Path):
    sources = read_sources(write_toml(tmp_path, WHOLE))
    assert sources.customers.shop_column("customer_id") == "uid"
    assert sources.customers.shop_column("name") == "name"
    assert sources.customers.timezone == "UTC"
    assert sources.orders.timezone == "Asia/Shanghai"
    assert sources.orders.default("quantity") == "1"
    assert sources.products.money == "minor"


@pytest.mark.parametrize(
    ("before", "after", "line", "place", "remedy"),
    [
        ("phone_region", "fone_region", 3, "customers.fone_region", "correct its name"),
        ("customer_id =", "custmer_id =", 6, "customers.columns.custmer_id", "'customer_id'"),
        ('money = "minor"', "", 8, "products.money", "Add it"),
        ('"minor"', '"cents"', 10, "products.money", "'major' or 'minor'"),
        ("Asia/Shanghai", "China", 15, "orders.timezone", "IANA name such as Asia/Shanghai"),
        ('"CN"', '"China"', 3, "customers.phone_region", "two capital letters"),
        ("{ quantity = 1 }", "{ order_id = 1 }", 12, "orders", "order_id is a key"),
        ("{ quantity = 1 }", "{ amounts = 1 }", 16, "orders.defaults", "'amount'"),
        (
            "[products]\n",
            "[customers.defaults]\nlocale = 'fr'\n\n[products]\n",
            1,
            "defaults.locale",
            "use one of zh-CN, en",
        ),
        (
            'money = "minor"',
            'money = "minor"\nexclude = { department = {} }',
            11,
            "products.exclude.department",
            'any_of = ["…"]',
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_remedy(
    tmp_path: Path, before: str, after: str, line: int, place: str, remedy: str
):
    path = write_toml(tmp_path, WHOLE.replace(before, after, 1))
    with pytest.raises(UnableToReadSources) as refused:
        read_sources(path)
    message = str(refused.value)
    assert message.startswith(f"{path}:{line}: ")
    assert place in message
    assert remedy in message


def test_all_mistakes_are_named_at_once(tmp_path: Path):
    path = write_toml(tmp_path, WHOLE.replace("CN", "??").replace("minor", "cents"))
    with pytest.raises(UnableToReadSources) as refused:
        read_sources(path)
    assert len(str(refused.value).splitlines()) == 2


def test_a_mapping_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UnableToReadSources, match=r"shop\.toml: there is no such file"):
        read_sources(tmp_path / "shop.toml")


def test_a_missing_file_is_named_with_its_line(tmp_path: Path):
    sources = a_shop(tmp_path, say={"orders": {"path": "orders-*.pq"}})
    with pytest.raises(UnableToReadSources, match=r"shop.toml:\d+: orders.path: there is no file"):
        open_table(connect(), sources, sources.orders)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path):
    sources = a_shop(tmp_path)
    (tmp_path / "orders.parquet").write_text("order_id,customer_id\n1,2\n")
    with pytest.raises(UnableToReadSources, match=r"orders\.path: .* is no Parquet"):
        open_table(connect(), sources, sources.orders)


def test_a_missing_required_column_is_named_with_what_there_is(tmp_path: Path):
    orders = some_orders()
    orders["sold_at"] = orders.pop("ordered_at")
    sources = a_shop(tmp_path, orders=orders, toml="[orders.columns]\nordered_at = 'time'\n")
    with pytest.raises(UnableToReadSources) as refused:
        open_table(connect(), sources, sources.orders)
    message = str(refused.value)
    assert "shop.toml:10: orders.columns.ordered_at: there is no column 'time'" in message
    assert message.endswith(
        "name one of amount, customer_id, order_id, product_id, quantity, sold_at."
    )


def test_a_required_column_may_have_a_default_instead(tmp_path: Path):
    orders = some_orders()
    del orders["quantity"]
    sources = a_shop(tmp_path, orders=orders, say={"orders": {"defaults": {"quantity": 2}}})
    opened = open_table(connect(), sources, sources.orders)
    assert opened.read()["quantity"].tolist() == ["2"]


def test_a_missing_optional_column_is_empty_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    taken = customers_of(tmp_path, toml="", say={"customers": {"columns": {"email": "mail"}}})
    assert taken.kept["email"].isna().all()
    assert "no column mail; taken as empty" in caplog.text


def test_rows_are_numbered_within_their_file(tmp_path: Path):
    (tmp_path / "a").mkdir()
    for name, ids in {"2017-02": ["x", None], "2017-01": ["y", "z", None]}.items():
        a_shop(tmp_path / "a", customers={"customer_id": ids})
        (tmp_path / "a" / "customers.parquet").rename(tmp_path / f"customers-{name}.parquet")
    taken = customers_of(tmp_path, say={"customers": {"path": "customers-*.parquet"}})
    assert taken.kept["customer_id"].tolist() == ["y", "z", "x"]
    places = taken.set_aside[["file", "row"]].to_numpy().tolist()
    assert places == [["customers-2017-01.parquet", 3], ["customers-2017-02.parquet", 2]]


def test_files_of_one_table_may_lack_a_column(tmp_path: Path):
    a_shop(tmp_path, customers={"customer_id": ["b"], "email": ["b@example.com"]})
    (tmp_path / "customers.parquet").rename(tmp_path / "customers-2.parquet")
    a_shop(tmp_path, customers={"customer_id": ["a"], "name": ["Ann"]})
    (tmp_path / "customers.parquet").rename(tmp_path / "customers-1.parquet")
    taken = customers_of(tmp_path, say={"customers": {"path": "customers-*.parquet"}})
    assert taken.kept["email"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("column", "keys"),
    [
        (pa.array([7, None, 12], pa.int64()), ["7", "12"]),
        (pa.array([7.0, None, 12.0], pa.float64()), ["7", "12"]),
        (pa.array([" 7", "", "12\t"]), ["7", "12"]),
        (pa.array([b"7", None, b"12"], pa.binary()), ["7", "12"]),
        (pa.array(["7", "NULL", "007"]).dictionary_encode(), ["7", "007"]),
    ],
    ids=["integers", "floats", "text", "bytes", "dictionary"],
)
def test_keys_are_text_whatever_the_shop_makes_of_them(tmp_path: Path, column, keys):
    taken = customers_of(tmp_path, customers=pa.table({"customer_id": column}))
    assert taken.kept["customer_id"].tolist() == keys


def test_nothing_personal_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG", logger="care")
    customers_of(
        tmp_path,
        customers={"customer_id": ["c1"], "name": ["Ada\x00"], "email": ["ada@"], "phone": ["12"]},
    )
    assert "Ada" not in caplog.text
    assert "ada@" not in caplog.text


@pytest.mark.parametrize("declared", [pa.binary(), pa.string()], ids=["bytes", "text"])
def test_bytes_that_are_no_text_cost_their_row_alone(tmp_path: Path, declared: pa.DataType):
    names = [b"Ann", b"\xed\xa0\x80", b"W\xff", "王芳".encode()]
    ends = np.cumsum([0, *map(len, names)]).astype("int32")
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(names))]
    column = pa.Array.from_buffers(declared, len(names), buffers)
    ids = pa.array(["c1", "c2", "c3", "c4"])
    taken = customers_of(tmp_path, customers=pa.table({"customer_id": ids, "name": column}))
    assert taken.kept[["customer_id", "name"]].to_numpy().tolist() == [
        ["c1", "Ann"],
        ["c4", "王芳"],
    ]
    assert taken.set_aside[["row", "field", "reason"]].to_numpy().tolist() == [
        [2, "row", "undecodable"],
        [3, "row", "undecodable"],
    ]
    assert taken.read == 4


def test_a_key_that_reaches_somebody_is_masked_where_faults_are_listed(tmp_path: Path):
    keys = ["ann@example.com", "13800138000", "+12125550143", "(212) 555-0143", "4711"]
    taken = customers_of(tmp_path, customers={"customer_id": keys, "email": ["no"] * 5})
    shown = ["xxx@xxxxxxx.xxx", "x" * 11, "+" + "x" * 11, "(xxx) xxx-xxxx", "4711"]
    for reason, column in (("bad_email", "key"), ("nothing_usable", "value")):
        rows = taken.set_aside[taken.set_aside["reason"] == reason]
        assert rows[column].tolist() == shown
