"""Files of the tables that a shop need not have: known by their columns, mapped and tried."""

from datetime import date
from pathlib import Path

import pytest

from care.intake.check import check_files, stops
from care.intake.profile import profile
from care.intake.proposal import TABLES, propose, table_of
from care.intake.table import connect

NIGHT = date(2026, 3, 14)
CASES = (
    "工单号;会员编号;工单类型;受理日期;结案日期\n"
    "T1;m1;投诉;2026/3/1;\nT2;m1;维修;2026/3/2;2026/3/5\n"
)
DELIVERIES = "订单号;会员编号;预计送达;签收时间\no1;m1;2026/3/3;2026/3/4\n"
EVENTS = (
    "会员编号;商品编码;行为;时间\nm1;p1;加购;2026/3/12 10:00:00\nm1;p1;浏览;2026/3/13 09:00:00\n"
)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(text, encoding="gb18030")
    return path


@pytest.mark.parametrize(
    ("name", "text", "kept", "says"),
    [
        ("cases", CASES, 2, '"维修" = "repair"'),
        ("deliveries", DELIVERIES, 1, 'delivered_on = "签收时间"'),
        ("events", EVENTS, 2, '"加购" = "cart"'),
    ],
)
def test_such_a_file_is_known_mapped_and_tried_alone(
    tmp_path: Path, name: str, text: str, kept: int, says: str
):
    path = written(tmp_path, "export", text)
    profiles, proposals, found = check_files([path], night=NIGHT, timezone="Asia/Shanghai")
    assert [table_of(one) for one in profiles] == [name]
    assert says in proposals[0].toml
    assert "money" not in proposals[0].toml
    assert [(one.table, one.stops, one.read, one.kept) for one in found] == [
        (name, None, kept, kept)
    ]
    assert not stops(proposals, found)


def test_moments_are_said_to_need_a_time_zone(tmp_path: Path):
    proposals = propose([profile(connect(), written(tmp_path, "log", EVENTS))])
    assert 'timezone = "Asia/Shanghai"  # check' in proposals[0].toml


def test_an_order_state_is_mapped_with_its_words(tmp_path: Path):
    text = (
        "订单号;会员编号;商品编码;数量;实付金额;下单时间;订单状态\n"
        "o1;m1;p1;1;9.50;2026/3/1 18:30;交易成功\no2;m1;p1;1;9.50;2026/3/2 18:30;待付款\n"
    )
    _, proposals, (orders,) = check_files(
        [written(tmp_path, "订单", text)], night=NIGHT, timezone="Asia/Shanghai"
    )
    assert 'state = "订单状态"' in proposals[0].toml
    assert '"待付款" = "placed"' in proposals[0].toml
    assert (orders.kept, orders.rows_set_aside) == (2, {})


def test_keys_alone_are_no_table(tmp_path: Path):
    text = "order_id,customer_id,product_id\no1,m1,p1\n"
    assert table_of(profile(connect(), written(tmp_path, "lines", text))) is None


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_is_known_by_its_own_words(tmp_path: Path, name: str):
    columns = TABLES[name].COLUMNS
    text = f"{','.join(columns)}\n{','.join('1' for _ in columns)}\n"
    assert table_of(profile(connect(), written(tmp_path, name, text))) == name
