"""One made-up person for each household of the demo shop, as a shop's own export would hold her.

Nobody here exists. What the data set does know of a household (age band, marital status) is kept
true, everything else is drawn. Each trait has a random stream of its own, so that a change to one
of them leaves the others as they were.
"""

import zlib
from importlib.resources import files

import numpy as np
import pandas as pd

from care.demo import contact, dates

CHINESE_SHARE = 0.35
WOMEN_SHARE = 0.62
UNKNOWN_SEX_SHARE = 0.04
SPOUSE_NAMED_SHARE = 0.85
DUPLICATED_ROWS = 12

AGE_BANDS = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 88),
}
# how many are married where the data set does not say, by age band
MARRIED_SHARE = {
    "19-24": 0.15,
    "25-34": 0.45,
    "35-44": 0.6,
    "45-54": 0.65,
    "55-64": 0.65,
    "65+": 0.55,
}
# (title, share) by who may carry it; what is left of 1 goes untitled
TITLES = {
    ("en", "F", True): (("Mrs", 0.45), ("Ms", 0.25), ("Dr", 0.03)),
    ("en", "F", False): (("Ms", 0.70), ("Dr", 0.03)),
    ("en", "M", True): (("Mr", 0.70), ("Dr", 0.03)),
    ("en", "M", False): (("Mr", 0.70), ("Dr", 0.03)),
    ("zh", "F", True): (("女士", 0.75),),
    ("zh", "F", False): (("女士", 0.75),),
    ("zh", "M", True): (("先生", 0.75),),
    ("zh", "M", False): (("先生", 0.75),),
}


def make_people(households: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The customer table of the shop: one row a household, then the untidy rows.

    Takes `household_id` int64 (unique), `first_day` datetime64 (day of the first purchase) and
    `age`, `marital_status` (text as in the data set, NA where unknown). Returns the columns the
    demo's `shop.toml` maps, sorted by household, followed by a few households once more (their
    e-mail in capitals) and one row without any id.
    """
    lives = _draw_lives(households, seed)
    people = pd.concat(
        [
            lives[["household_id"]].astype("Int64"),
            _draw_names(lives, seed),
            dates.draw_birthdays(lives, stream(seed, "birthday")),
            dates.draw_membership(lives, stream(seed, "membership")),
            lives[["language", "age", "marital_status"]],
        ],
        axis=1,
    )
    weddings = dates.draw_weddings(lives, stream(seed, "wedding"))
    people.insert(len(people.columns), "wedding_date", weddings)
    people["spouse_name"] = people["spouse_name"].where(weddings.notna())
    people = people.join(contact.draw_contact(people, stream(seed, "contact")))
    return _untidy(people, stream(seed, "untidy")).drop(columns=["latin"])


def stream(seed: int, trait: str) -> np.random.Generator:
    """A random stream for one trait, independent of every other trait's."""
    return np.random.default_rng([seed, zlib.crc32(trait.encode())])


def _draw_lives(households: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add `language, sex, lowest_age, highest_age, born_year, married`: the truth behind it all."""
    lives = households.sort_values("household_id", ignore_index=True)
    n = len(lives)
    rng = stream(seed, "life")
    known = lives["age"].dropna().to_numpy()
    band = lives["age"].where(lives["age"].notna(), rng.choice(known, size=n))
    low = band.map({name: low for name, (low, _) in AGE_BANDS.items()}).to_numpy(dtype=np.int64)
    high = band.map({name: high for name, (_, high) in AGE_BANDS.items()}).to_numpy(dtype=np.int64)
    age = rng.integers(low, high, endpoint=True)
    likely = rng.random(n) < band.map(MARRIED_SHARE).to_numpy(dtype=np.float64)
    status = lives["marital_status"]
    return lives.assign(
        language=np.where(rng.random(n) < CHINESE_SHARE, "zh", "en"),
        sex=np.where(rng.random(n) < WOMEN_SHARE, "F", "M"),
        lowest_age=low,
        highest_age=high,
        born_year=dates.SHOP_YEAR - age,
        married=np.where(status.notna(), status.eq("Married").fillna(False), likely),
    )


def _draw_names(lives: pd.DataFrame, seed: int) -> pd.DataFrame:
    rng = stream(seed, "name")
    pool = _names()
    woman = lives["sex"].eq("F").to_numpy()
    chinese = lives["language"].eq("zh").to_numpy()
    family, family_latin = _pick(pool, rng, chinese, part="family")
    spouse_family, _ = _pick(pool, rng, chinese, part="family")
    given, given_latin = _pick_given(pool, rng, chinese, woman)
    spouse_given, _ = _pick_given(pool, rng, chinese, ~woman)
    sex_known = rng.random(len(lives)) >= UNKNOWN_SEX_SHARE
    title = _pick_titles(lives, rng).where(sex_known)
    spouse_known = rng.random(len(lives)) < SPOUSE_NAMED_SHARE
    # A Chinese couple keeps both family names and is written in full; the Western export holds
    # the spouse's given name only.
    spouse = np.where(chinese, spouse_family + spouse_given, spouse_given)
    return pd.DataFrame(
        {
            "last_name": pd.array(family, dtype="str"),
            "first_name": pd.array(given, dtype="str"),
            "full_name": pd.array(
                np.where(chinese, family + given, given + " " + family), dtype="str"
            ),
            "title": title,
            "sex": lives["sex"].where(sex_known),
            "spouse_name": pd.Series(spouse, dtype="str").where(spouse_known & lives["married"]),
            "latin": pd.array(given_latin + "." + family_latin, dtype="str"),
        }
    )


def _names() -> pd.DataFrame:
    with files("care.demo").joinpath("names.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle, keep_default_na=False)


def _pick_given(
    pool: pd.DataFrame, rng: np.random.Generator, chinese: np.ndarray, woman: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    female = _pick(pool[pool["gender"] == "female"], rng, chinese, part="given")
    male = _pick(pool[pool["gender"] == "male"], rng, chinese, part="given")
    return np.where(woman, female[0], male[0]), np.where(woman, female[1], male[1])


def _pick(
    pool: pd.DataFrame, rng: np.random.Generator, chinese: np.ndarray, *, part: str
) -> tuple[np.ndarray, np.ndarray]:
    """A name for every row, as written and in Latin letters, as often as people carry it."""
    texts, latins = [], []
    for locale in ("zh-CN", "en"):
        names = pool[(pool["part"] == part) & (pool["locale"] == locale)]
        share = names["weight"].to_numpy(dtype=np.float64)
        rows = rng.choice(len(names), size=len(chinese), p=share / share.sum())
        texts.append(names["text"].to_numpy(dtype=object)[rows])
        latins.append(names["latin"].to_numpy(dtype=object)[rows])
    return np.where(chinese, *texts), np.where(chinese, *latins)


def _pick_titles(lives: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    draw = rng.random(len(lives))
    title = pd.Series(pd.NA, index=lives.index, dtype="str")
    for (language, sex, married), choices in TITLES.items():
        bearer = (
            lives["language"].eq(language) & lives["sex"].eq(sex) & lives["married"].eq(married)
        )
        threshold = 0.0
        for text, share in choices:
            title = title.mask(bearer & (draw >= threshold) & (draw < threshold + share), text)
            threshold += share
    return title


def _untidy(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    again = people.iloc[np.sort(rng.choice(len(people), size=DUPLICATED_ROWS, replace=False))]
    nobody = people.iloc[[int(rng.integers(len(people)))]]
    return pd.concat(
        [
            people,
            again.assign(email=again["email"].str.upper()),
            nobody.assign(household_id=pd.array([pd.NA], dtype="Int64")),
        ],
        ignore_index=True,
    )
