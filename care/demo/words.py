"""Everyday product names, in English and Chinese, for a catalogue that only knows shelf codes."""

from importlib.resources import files

import numpy as np
import pandas as pd

# Sizes are told only where they name what the customer takes home. On loose goods the same
# column holds the case the shop receives ("25 LB" of beans, "24 CT" of lettuce).
SIZED_DEPARTMENTS = ("GROCERY", "DRUG GM", "MEAT-PCKGD", "NUTRITION", "SEAFOOD-PCKGD", "COSMETICS")

# unit in the catalogue → (English, Chinese), put behind the number
UNITS = {
    "OZ": (" oz", "盎司"),
    "FL OZ": (" fl oz", "液盎司"),
    "LB": (" lb", "磅"),
    "ML": (" ml", "毫升"),
    "L": (" l", "升"),
    "PT": (" pt", "品脱"),
    "QT": (" qt", "夸脱"),
    "GA": (" gal", "加仑"),
    "GAL": (" gal", "加仑"),
    "CT": (" ct", "件装"),
    "PK": ("-pack", "件装"),
    "SQ FT": (" sq ft", "平方英尺"),
    "LOAD": (" loads", "次用量"),
    "LOADS": (" loads", "次用量"),
    "ROLL": (" rolls", "卷装"),
}
_SIZE = rf"^(?P<number>\d*\.?\d+|\d/\d) ?(?P<unit>{'|'.join(UNITS)})$"


def type_words() -> pd.DataFrame:
    """Curated words of one product type: `product_category, product_type, en, zh`.

    The same type code means different things in different categories (PREMIUM is ice cream,
    bacon and pasta sauce), so the two together are the key.
    """
    return _table("product_words.csv")


def category_words() -> pd.DataFrame:
    """Curated words of a whole category, where its type has none: `product_category, en, zh`."""
    return _table("category_words.csv")


def name_products(products: pd.DataFrame) -> pd.DataFrame:
    """Name every product of the catalogue.

    Takes columns `department, product_category, product_type, package_size` (text, NA allowed).
    Returns, on the same index, `name` (English, never missing), `name_zh` (NA where only a tidied
    code could be found) and `word`, the table that gave the name: 'type', 'category' or 'tidied'.
    """
    named = _words(products)
    en_size, zh_size = _sizes(products["department"], products["package_size"])
    return pd.DataFrame(
        {
            "name": named["en"] + en_size,
            "name_zh": named["zh"] + zh_size,
            "word": named["word"],
        }
    )


def _words(products: pd.DataFrame) -> pd.DataFrame:
    shelf = products[["department", "product_category", "product_type"]]
    by_type = shelf.merge(type_words(), how="left", on=["product_category", "product_type"])
    by_category = shelf.merge(category_words(), how="left", on="product_category")
    tidied = _tidied(shelf).to_numpy()
    en = by_type["en"].fillna(by_category["en"])
    tables = [by_type["en"].notna(), by_category["en"].notna()]
    word = np.select(tables, ["type", "category"], default="tidied")
    return pd.DataFrame(
        {
            "en": en.where(en.notna(), tidied).array,
            "zh": by_type["zh"].fillna(by_category["zh"]).array,
            "word": pd.array(word, dtype="str"),
        },
        index=products.index,
    )


def _tidied(shelf: pd.DataFrame) -> pd.Series:
    """'MISC REFRIG DOUGH:ROLLS' → 'misc refrig dough rolls': the best a bare code allows."""
    code = shelf["product_type"].fillna(shelf["product_category"]).fillna(shelf["department"])
    spaced = code.str.lower().str.replace(r"[^a-z0-9&'%. ]+", " ", regex=True)
    return spaced.str.replace(r"\s+", " ", regex=True).str.strip()


def _sizes(department: pd.Series, package_size: pd.Series) -> tuple[pd.Series, pd.Series]:
    codes, distinct = pd.factorize(package_size.where(department.isin(SIZED_DEPARTMENTS)))
    parts = pd.Series(distinct, dtype="str").str.strip().str.extract(_SIZE)
    number = parts["number"].str.replace(r"^\.", "0.", regex=True)
    english = parts["unit"].map({unit: en for unit, (en, _) in UNITS.items()})
    chinese = parts["unit"].map({unit: zh for unit, (_, zh) in UNITS.items()})
    en = (", " + number + english).fillna("")
    zh = ("（" + number + chinese + "）").fillna("")
    return _spread(en, codes, department.index), _spread(zh, codes, department.index)


def _spread(distinct: pd.Series, codes: np.ndarray, index: pd.Index) -> pd.Series:
    # factorize gives -1 for what is missing; the appended blank sits at that position
    texts = pd.concat([distinct, pd.Series([""], dtype="str")], ignore_index=True)
    return pd.Series(texts.array.take(codes % len(texts)), index=index)


def _table(name: str) -> pd.DataFrame:
    with files("care.demo").joinpath(name).open(encoding="utf-8") as handle:
        return pd.read_csv(handle, dtype="str", keep_default_na=False)
