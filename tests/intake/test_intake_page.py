"""The page about the shop's data: its commands run, its mappings read, its tables hold."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from care.domain.case import CASES
from care.domain.delivery import DELIVERIES
from care.domain.review import REVIEWS
from care.domain.setaside import REMEDIES, Flaw
from care.intake.absent import WITHOUT
from care.intake.check import LISTED, check_sources
from care.intake.customers import CUSTOMERS
from care.intake.encoding import LONGEST_LINE
from care.intake.products import PRODUCTS
from care.intake.sources import Customers, Orders, Products, read_sources
from tests.intake.builders import NIGHT, write_toml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "intake.md").read_text("utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MAPPINGS = [text for kind, text in BLOCKS if kind == "toml"]


def test_every_command_prints_what_the_page_says(tmp_path: Path):
    commands = [text for kind, text in BLOCKS if kind == "bash"]
    marker = "-- next block --"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"\necho '{marker}'\n".join(commands)],
        cwd=ROOT,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(tmp_path),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "ignore",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [text for kind, text in BLOCKS if kind == "text"]
    assert done.stdout.split(f"{marker}\n") == said


@pytest.mark.parametrize("mapping", MAPPINGS, ids=["Parquet", "CSV", "PostgreSQL"])
def test_every_mapping_is_one(tmp_path: Path, mapping: str):
    sources = read_sources(write_toml(tmp_path, mapping))
    assert sources.orders.shop_column("ordered_at") in mapping


def test_the_mapping_of_a_database_reads_one(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = postgresql_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (
            "CREATE SCHEMA crm",
            "CREATE TABLE crm.members AS"
            " SELECT 7 AS id, '王芳' AS full_name, 'w@example.com' AS email, false AS closed",
            "CREATE TABLE crm.products AS SELECT 'p1' AS sku, '茶' AS kind",
            "CREATE TABLE crm.order_lines AS SELECT 'o1' AS order_id, 7 AS customer_id, 'p1' AS"
            " product_id, 1 AS quantity, 950 AS amount, timestamp '2017-03-05 12:00' AS paid_at",
        ):
            connection.exec_driver_sql(statement)
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    try:
        sources = read_sources(write_toml(tmp_path, MAPPINGS[2]))
        found = check_sources(sources, night=NIGHT, timezone="Asia/Shanghai")
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA crm CASCADE")
        engine.dispose()
    assert [(one.stops, one.kept) for one in found] == [(None, 1)] * 3


def cells(heading: str) -> list[list[str]]:
    below = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in below.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_reason_stands_there_with_its_remedy():
    rows = cells("Reasons for being set aside")
    assert [(row[0].strip("`"), row[-1]) for row in rows] == [
        (str(flaw), REMEDIES[flaw].replace("|", "\\|")) for flaw in Flaw
    ]


def test_every_key_stands_there():
    known = {key for table in (Customers, Products, Orders) for key in table.model_fields}
    assert {row[0].strip("`") for row in cells("Keys of a table")} == known


def test_what_a_missing_column_switches_off_is_what_a_check_says():
    rows = [
        (table, columns.replace("`", ""), off)
        for table, columns, off in cells("What a missing column switches off")
    ]
    assert rows == [
        (table, columns, off) for table, offs in WITHOUT.items() for columns, off in offs.items()
    ]
    canonical = {"customers": CUSTOMERS, "products": PRODUCTS}
    canonical |= {"cases": CASES, "deliveries": DELIVERIES, "reviews": REVIEWS}
    for table, columns, _ in rows:
        assert set(columns.split(", ")) <= set(canonical[table].dtypes)


def test_the_limits_are_those_of_the_code():
    assert f"{LONGEST_LINE:,} characters" in PAGE
    assert f"the first {LISTED:,} of each reason" in PAGE
