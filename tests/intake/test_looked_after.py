"""Who lives with a customer, who looks after her, and which festivals she asked for."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from care.domain.festival import FESTIVALS
from care.intake.customers import read_customers
from care.intake.profile import profile
from care.intake.proposal import propose
from care.intake.table import connect
from tests.builders import a_policy
from tests.intake.builders import NIGHT, a_shop, customers_of, issues_of

NAMES = {*FESTIVALS, "double-eleven"}


def read_one(folder: Path, column: str, said: str | None):
    """What became of one field of a customer with a name, and what was noted."""
    rows = {
        "customer_id": ["c1"],
        "name": ["Emma"],
        column: pa.array([said], pa.string()),
    }
    found = read_customers(a_shop(folder, customers=rows), night=NIGHT, festivals=NAMES)
    value = found.kept[column].iloc[0]
    reasons = [reason for field, reason, _ in issues_of(found) if field == column]
    return None if pd.isna(value) else value, reasons


# ── Households and advisors ─────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("column", "said", "kept", "reasons"),
    [
        ("household_id", "H-17", "H-17", []),
        ("household_id", None, None, []),
        ("household_id", "H\u202e17", None, ["bad_key"]),
        ("household_id", "H" * 201, None, ["bad_key"]),
        ("advisor", "Ruth  Palmer", "Ruth Palmer", []),
        ("advisor", "沈青", "沈青", []),
        ("advisor", "Ruth\x07Palmer", "RuthPalmer", ["unprintable"]),
        ("advisor_phone", "0571-8800 1234 转 6", "0571-8800 1234 转 6", []),
        ("advisor_phone", "+1 555 0100 ext. 12", "+1 555 0100 ext. 12", []),
        ("advisor_phone", "ask at the desk", None, ["bad_phone"]),
        ("advisor_phone", "12", None, ["bad_phone"]),
        ("advisor_email", "ruth@shop.example", "ruth@shop.example", []),
        ("advisor_email", "ruth@@shop", None, ["bad_email"]),
    ],
)
def test_what_is_said_of_household_and_advisor_holds_or_is_emptied(
    tmp_path: Path, column: str, said, kept, reasons
):
    assert read_one(tmp_path, column, said) == (kept, reasons)


def test_a_household_that_a_spreadsheet_made_a_fraction_is_the_same_household(tmp_path: Path):
    rows = {"customer_id": ["c1", "c2"], "name": ["A", "B"], "household_id": [7.0, None]}
    found = customers_of(tmp_path, customers=rows).kept["household_id"]
    assert found.tolist()[0] == "7"
    assert pd.isna(found.iloc[1])


def test_the_name_of_an_advisor_is_not_shown_among_the_faults(tmp_path: Path):
    rows = {"customer_id": ["c1"], "name": ["Emma"], "advisor_email": ["ruth palmer"]}
    aside = customers_of(tmp_path, customers=rows).set_aside
    assert aside["value"].tolist() == ["xxxx xxxxxx"]


def test_a_shop_that_tells_none_of_it_has_customers_without(tmp_path: Path):
    kept = customers_of(tmp_path, customers={"customer_id": ["c1"], "name": ["Emma"]}).kept
    columns = ["household_id", "advisor", "advisor_phone", "advisor_email", "festivals"]
    assert kept[columns].isna().all(axis=None)


# ── Festivals ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("said", "kept", "reasons"),
    [
        (None, None, []),
        ("", None, []),
        ("none", "none", []),
        ("NONE", "none", []),
        ("christmas", "christmas", []),
        ("Mid-Autumn; christmas", "mid-autumn;christmas", []),
        ("mid_autumn christmas", "mid-autumn;christmas", []),
        ("christmas；new-year、qixi", "christmas;new-year;qixi", []),
        ("christmas;christmas", "christmas", []),
        ("double-eleven", "double-eleven", []),
        ("christmas;easter", "christmas", ["unknown_value"]),
        ("none;christmas", "christmas", ["unknown_value"]),
        ("easter", "none", ["unknown_value"]),
        (";", "none", ["unknown_value"]),
    ],
)
def test_she_gets_the_festivals_she_named_and_no_other(tmp_path: Path, said, kept, reasons):
    assert read_one(tmp_path, "festivals", said) == (kept, reasons)


def test_the_shops_own_days_may_be_asked_for():
    assert a_policy().festivals == NAMES


# ── What she does not like ──────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Flowers", "flowers"),
        ("black tea; Flowers ,nuts", "black tea;flowers;nuts"),
        ("酒、花生，", "酒;花生"),
        (" ; ", None),
        (None, None),
    ],
)
def test_what_she_dislikes_is_kept_word_by_word(tmp_path: Path, said, kept):
    assert read_one(tmp_path, "dislikes", said) == (kept, [])


# ── What shops call it ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "header",
    [
        "customer id,name,household,advisor,advisor phone,adviser email,festival preference",
        "会员编号,姓名,家庭编号,专属顾问,顾问电话,顾问邮箱,节日偏好",
    ],
)
def test_a_check_knows_the_columns_by_their_usual_names(tmp_path: Path, header: str):
    text = f"{header}\nc1,Emma,H1,Ruth,0571-8800 1234,ruth@shop.example,无\n"
    (tmp_path / "customers.csv").write_text(text, encoding="utf-8")
    (proposed,) = propose([profile(connect(), tmp_path / "customers.csv")])
    names = header.split(",")
    assert dict(proposed.columns) == {
        "customer_id": names[0],
        "name": names[1],
        "household_id": names[2],
        "advisor": names[3],
        "advisor_phone": names[4],
        "advisor_email": names[5],
        "festivals": names[6],
    }
    assert '"无" = "none"' in proposed.toml


def test_a_household_number_alone_is_still_the_customers_own(tmp_path: Path):
    (tmp_path / "people.csv").write_text("household id,name,email\n1,A,a@x.example\n", "utf-8")
    (proposed,) = propose([profile(connect(), tmp_path / "people.csv")])
    assert proposed.columns["customer_id"] == "household id"
    assert "household_id" not in proposed.columns
