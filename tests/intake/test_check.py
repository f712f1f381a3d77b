"""`care intake check`: what a file is, a mapping that works as pasted, what a night would say."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from care.cli import main
from care.domain.setaside import SET_ASIDE
from care.intake.customers import read_customers
from care.intake.export import write_set_aside
from care.intake.products import read_products
from care.intake.profile import profile
from care.intake.proposal import propose, table_of
from care.intake.sources import read_sources
from care.intake.table import connect
from tests.intake.builders import a_shop, some_orders, take_orders, wall, write_toml

CHINESE = {
    "customers": "会员编号;姓名;性别;手机号;邮箱;生日;接收邮件\n"
    + "".join(
        f"c{n};王芳;{'男女'[n % 2]};138{n:08};w{n}@example.com;1987/3/5;{'否是'[n > 0]}\n"
        for n in range(40)
    )
    + "c40;李娜;不明;1;bad@@example.com;1987-02-29;是\n",
    "products": "商品编码;商品名称;小类;分类;单价\np1;绿茶;茶;饮料;9.50\np2;红茶;茶;饮料;12\n",
    "orders": "订单号;会员编号;商品编码;数量;实付金额;下单时间\n"
    + "".join(f"o{n};c{n};p1;1;9.50;2017/11/5 18:{n:02}\n" for n in range(40))
    + "o40;c1;p1;-1;9.50;2017/11/5 18:00\no41;c1;p2;1;1.00;2150/1/1 00:00\no42;c1\n",
}
NIGHT = date(2017, 12, 1)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def care(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `care intake check …` and give its exit code, what it said, and its errors."""
    monkeypatch.setenv("CARE_HOME", str(tmp_path / "home"))

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["care", "intake", "check", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        heard = capsys.readouterr()
        return code, heard.out, heard.err

    return run


@pytest.fixture
def chinese(tmp_path: Path) -> list[Path]:
    """Three files as a Chinese shop exports them."""
    files = []
    for name, text in CHINESE.items():
        files.append(tmp_path / f"{name}.csv")
        files[-1].write_bytes(text.encode("gb18030"))
    return files


def test_what_is_proposed_works_as_it_is_pasted(tmp_path: Path, chinese: list[Path]):
    proposals = propose([profile(connect(), file) for file in chinese])
    assert [one.table for one in proposals] == ["customers", "products", "orders"]
    assert not any(one.lacking for one in proposals)
    sources = read_sources(write_toml(tmp_path, "\n".join(one.toml for one in proposals)))
    customers = read_customers(sources, night=NIGHT)
    assert len(customers.kept) == 41
    first = customers.kept.iloc[1]
    assert (first["gender"], first["phone"], first["locale"]) == (
        "female",
        "+8613800000001",
        "zh-CN",
    )
    assert customers.kept["email_consent"].sum() == 40
    assert read_products(sources).kept["price_minor"].tolist() == [950, 1200]
    lines = take_orders(sources)
    assert lines.read == 43 - lines.later
    assert lines.by_day["day"].tolist() == [pd.Timestamp("2017-11-05")]


@pytest.mark.parametrize(
    ("header", "rows", "table"),
    [
        ("customer_id,name,email", "1,Ann,a@example.com", "customers"),
        ("id,First Name,Last Name,Mobile", "1,Ann,Lee,+12125550143", "customers"),
        ("ID,Contact,Number", "1,a@example.com,+12125550143", "customers"),
        ("sku,title,price_cents", "1,Tea,950", "products"),
        ("Order No.,Customer-ID,SKU,Qty,Line Total,Order Date", "1,2,3,4,5,2017-11-05", "orders"),
        ("basket_id,household_id,product_id,quantity,sales_value,date", "1,2,3,4,5,x", "orders"),
        ("alpha,beta,gamma", "1,2,3", None),
    ],
)
def test_a_table_is_known_by_its_columns(tmp_path: Path, header: str, rows: str, table: str | None):
    path = tmp_path / "export.csv"
    path.write_text(f"{header}\n{rows}\n")
    assert table_of(profile(connect(), path)) == table


@pytest.mark.parametrize(
    ("header", "row", "says"),
    [
        ("sku,title,price_cents", "1,Tea,950", 'money = "minor"'),
        ("sku,title,price", "1,Tea,9.50", 'money = "major"\n'),
        ("sku,title,price", "1,Tea,950", 'money = "major"  # check'),
        ("order id,customer id,sku,amount,date", "1,2,3,4.5,2017-11-05", "quantity = 1  # check"),
        ("id,name,phone", "1,Ann,(212) 555-0143", 'phone_region = "US"'),
        ("id,name,gender", "1,Ann,F", '"F" = "female"'),
        ("id,name,email", "1,王芳,a@example.com", 'locale = "zh-CN"  # check'),
    ],
)
def test_units_words_and_defaults_are_read_off_the_data(tmp_path: Path, header, row, says):
    path = tmp_path / "export.csv"
    path.write_text(f"{header}\n{row}\n")
    (proposal,) = propose([profile(connect(), path)])
    assert says in proposal.toml


def test_files_of_one_table_become_one_pattern(tmp_path: Path):
    for month in ("01", "02"):
        (tmp_path / f"orders[{month}].csv").write_text(CHINESE["orders"], encoding="utf-8")
    proposals = propose([profile(connect(), path) for path in tmp_path.glob("*.csv")])
    assert f'path = "{tmp_path}/orders[[]0*].csv"' in proposals[0].toml
    sources = read_sources(
        write_toml(
            tmp_path,
            '[customers]\npath = "x"\n[products]\npath = "x"\nmoney = "major"\n'
            + proposals[0].toml,
        )
    )
    assert len(take_orders(sources).set_aside["file"].unique()) == 2


def test_files_alone_are_described_mapped_and_tried(care: Run, chinese: list[Path]):
    code, out, _ = care(*chinese, "--night", NIGHT)
    assert code == 0
    assert "CSV, GB18030, semicolons; 41 rows; looks like customers" in out
    assert "CSV, GB18030, semicolons; 42 rows, 1 torn; looks like orders" in out
    assert '"男" = "male"' in out
    assert "41 read, 41 kept, 0 set aside" in out
    assert "1 bad_email: correct the address" in out
    assert "row 41, email 'xxx@@xxxxxxx.xxx'" in out
    assert "orders.csv row 43, row '2 cells'" in out
    assert "1 more are not read before their night" in out
    for private in ("王芳", "李娜", "example.com", "13800"):
        assert private not in out


def test_one_table_alone_is_tried_without_the_others(care: Run, chinese: list[Path]):
    code, out, _ = care(chinese[2], "--night", NIGHT)
    assert code == 0
    assert "unknown_customer" not in out
    assert "43 read" not in out  # one line lies ahead


def test_a_required_column_that_nothing_looks_like_is_asked_for(care: Run, tmp_path: Path):
    path = tmp_path / "orders.csv"
    path.write_text("order_id,customer_id,product_id,quantity,ordered_at\n1,2,3,4,2017-11-05\n")
    code, out, _ = care(path)
    assert code == 3
    assert "# amount is required, and no column looks like it." in out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("c1,Ann Lee,ann@example.com\n", "its first row is no header"),
        ("", "is empty"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_check(care: Run, tmp_path: Path, text, problem):
    (tmp_path / "x.csv").write_text(text)
    code, out, err = care(tmp_path / "x.csv")
    assert code == 3
    assert problem in err
    assert "Ann" not in out + err


def test_a_shop_is_checked_as_a_night_would_read_it(care: Run, tmp_path: Path):
    sources = a_shop(
        tmp_path,
        customers={"customer_id": ["c1", "c2", None], "email": ["a@example.com", "b@", None]},
        orders=some_orders(customer_id=["c1", "c9"], ordered_at=[wall("2017-11-05 12:00")] * 2),
    )
    code, out, _ = care("--sources", sources.path, "--night", NIGHT, "--json")
    assert code == 0
    said = json.loads(out)
    assert said["stops"] is False
    customers, products, orders = said["tables"]
    assert (customers["read"], customers["kept"]) == (3, 1)
    assert customers["rows_set_aside"] == {"missing_key": 1, "nothing_usable": 1}
    assert customers["fields_set_aside"] == {"bad_email": 1}
    assert customers["without"]["phone"] == "no SMS to anybody"
    assert customers["first"][-1]["value"] == "x@"
    assert products["kept"] == 1
    assert orders["rows_set_aside"] == {"unknown_customer": 1}
    assert orders["first"][0]["row"] == 2


def test_every_table_that_stops_a_night_is_named(care: Run, tmp_path: Path):
    sources = a_shop(tmp_path, say={"orders": {"path": "no.csv"}, "customers": {"path": "no.csv"}})
    code, out, _ = care("--sources", sources.path)
    assert code == 3
    assert out.count("stops every night: ") == 2
    assert "orders.path: there is no file" in out
    assert "1 read, 1 kept" in out  # the products


def test_the_homes_own_shop_is_checked_unless_told_otherwise(care: Run, tmp_path: Path):
    code, _, err = care()
    assert code == 3
    assert str(tmp_path / "home" / "shop" / "shop.toml") in err
    (tmp_path / "home" / "shop").mkdir(parents=True)
    a_shop(tmp_path / "home" / "shop")
    assert care("--night", NIGHT)[0] == 0
    assert care(tmp_path / "x.csv", "--sources", "shop.toml")[0] == 2


def test_what_was_set_aside_is_written_for_a_spreadsheet_and_computes_nothing(
    care: Run, tmp_path: Path
):
    formulas = ["=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(1)", "plain"]
    sources = a_shop(tmp_path, orders=some_orders(product_id=formulas))
    code, _, _ = care("--sources", sources.path, "--night", NIGHT, "--out", tmp_path / "out.csv")
    assert code == 0
    data = (tmp_path / "out.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfsource,file,row,key,")
    found = pd.read_csv(tmp_path / "out.csv").query("reason == 'unknown_product'")
    assert found["value"].tolist()[:3] == ["'=cmd|' /C calc'!A0", "'+1+1", "'-2"]
    assert found["value"].tolist()[4] == "plain"
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(tmp_path: Path, begins: str):
    row = dict.fromkeys(SET_ASIDE.dtypes, begins + "1") | {"row": 1}
    frame = pd.DataFrame([row]).astype(dict(SET_ASIDE.dtypes))
    write_set_aside(frame, tmp_path / "out.csv")
    cells = (tmp_path / "out.csv").read_bytes().decode("utf-8-sig").split("\r\n", 1)[1]
    assert cells.count(f"'{begins}1") == len(SET_ASIDE.dtypes) - 1
