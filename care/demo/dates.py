"""The dates of a made-up life: birthday, wedding day, the day she joined the shop."""

import numpy as np
import pandas as pd

# The year the purchases are from; an age band is the age she turns in it.
SHOP_YEAR = 2017
SHOP_OPENED = np.datetime64("2009-03-01")
LAST_EARLY_MEMBER = np.datetime64("2016-12-20")

YEAR_UNKNOWN_SHARE = 0.12
BLANK_SHARE = 0.03
SENTINEL_SHARE = 0.01
BROKEN_SHARE = 0.005
# Nature gives one in 1,461; a few more, so that the rule for them is seen at work.
LEAP_DAY_SHARE = 0.004
# of the Chinese-speaking
LUNAR_SHARE = 0.08
LUNAR_LEAP_MONTHS = 4

SENTINELS = ("1900-01-01", "1970-01-01", "0001-01-01")
BROKEN = ("1987-02-31", "unknown", "13/45/1980", "1975-00-00", "n/a", "--04-31")

# Leap months of the Chinese calendar, (lunar year, month repeated).
LEAP_MONTHS = np.array(
    [
        *[(1928, 2), (1930, 6), (1933, 5), (1936, 3), (1938, 7), (1941, 6), (1944, 4)],
        *[(1947, 2), (1949, 7), (1952, 5), (1955, 3), (1957, 8), (1960, 6), (1963, 4)],
        *[(1966, 3), (1968, 7), (1971, 5), (1974, 4), (1976, 8), (1979, 6), (1982, 4)],
        *[(1984, 10), (1987, 6), (1990, 5), (1993, 3), (1995, 8), (1998, 5)],
    ]
)

WEDDING_KNOWN_SHARE = 0.8
# people marry in the warm half of the year
WEDDING_MONTHS = np.array([3, 4, 6, 8, 11, 14, 10, 10, 12, 12, 6, 4]) / 100

LATE_MEMBER_SHARE = 0.03
RECENT_MEMBER_SHARE = 0.12
# The year is nearly over: who buys for the first time now is new here.
NEWCOMERS_FROM = np.datetime64("2017-11-01")


def draw_birthdays(lives: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Birthdays as a shop exports them: text, mostly `1984-03-05`, `--03-05` without the year.

    Takes `language, born_year, lowest_age, highest_age`; returns `birthday` (text, NA),
    `birthday_calendar` ('solar' | 'lunar') and `birthday_leap_month` ('Y' | 'N'). A lunar day
    never exceeds 29 where the year is told, for its month may be short.
    """
    n = len(lives)
    kind = _draw_kinds(n, rng)
    told = np.isin(kind, ["full", "year_unknown"])
    lunar = told & lives["language"].eq("zh").to_numpy() & (rng.random(n) < LUNAR_SHARE)
    in_leap_year = lives["born_year"].to_numpy() % 4 == 0
    leap_day = _draw_leap_days(told & ~lunar & in_leap_year, rng)
    year, month, day = _solar_days(lives, rng, leap_day)
    lunar_year, lunar_month, lunar_day, leap = _lunar_days(lives, rng, lunar & (kind == "full"))
    parts = pd.DataFrame(
        {
            "year": np.where(lunar, lunar_year, year),
            "month": np.where(lunar, lunar_month, month),
            "day": np.where(lunar, lunar_day, day),
        }
    ).astype("str")
    month_day = parts["month"].str.zfill(2) + "-" + parts["day"].str.zfill(2)
    text = (parts["year"] + "-" + month_day).mask(kind == "year_unknown", "--" + month_day)
    text = text.mask(kind == "sentinel", pd.Series(rng.choice(SENTINELS, size=n), dtype="str"))
    text = text.mask(kind == "broken", pd.Series(rng.choice(BROKEN, size=n), dtype="str"))
    return pd.DataFrame(
        {
            "birthday": text.mask(kind == "blank"),
            "birthday_calendar": pd.array(np.where(lunar, "lunar", "solar"), dtype="str"),
            "birthday_leap_month": pd.array(np.where(leap, "Y", "N"), dtype="str"),
        }
    )


def draw_weddings(lives: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """The wedding day of most of the married, between her 18th year and the end of 2016."""
    n = len(lives)
    earliest = lives["born_year"].to_numpy() + 18
    latest = np.minimum(earliest + 22, SHOP_YEAR - 1)
    year = earliest + np.floor(rng.beta(2.5, 3.5, n) * (latest - earliest + 1)).astype(np.int64)
    month = rng.choice(12, size=n, p=WEDDING_MONTHS)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + month
    day = _day_within(first, rng)
    known = lives["married"].to_numpy(dtype=bool) & (rng.random(n) < WEDDING_KNOWN_SHARE)
    return pd.Series(day.astype("datetime64[s]"), name="wedding_date").where(known)


def draw_membership(lives: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """`member_since`: mostly years before the first purchase on record, never before she was 16.

    Those whose first purchase comes late in the record may have joined for it, and who comes in the
    last weeks of it surely has; of a few others the card was registered only some weeks after they
    had begun to shop.
    """
    n = len(lives)
    sixteen = (lives["born_year"].to_numpy() + 16 - 1970).astype("datetime64[Y]")
    opened = np.maximum(SHOP_OPENED, sixteen.astype("datetime64[D]"))
    span = (LAST_EARLY_MEMBER - opened).astype(np.int64)
    early = opened + (rng.random(n) * (span + 1)).astype(np.int64)
    first = lives["first_day"].to_numpy().astype("datetime64[D]")
    draw = rng.random(n)
    recent = (draw < RECENT_MEMBER_SHARE) & (first >= np.datetime64(f"{SHOP_YEAR}-02-15"))
    late = draw >= 1 - LATE_MEMBER_SHARE
    joined = np.where(recent, first - rng.integers(0, 11, n), early)
    joined = np.where(late, first + rng.integers(1, 61, n), joined)
    joined = np.where(first >= NEWCOMERS_FROM, first - rng.integers(0, 15, n), joined)
    joined = np.minimum(joined, np.datetime64(f"{SHOP_YEAR}-12-31"))
    return pd.DataFrame({"member_since": joined.astype("datetime64[s]")})


def _draw_kinds(n: int, rng: np.random.Generator) -> np.ndarray:
    shares = {
        "year_unknown": YEAR_UNKNOWN_SHARE,
        "blank": BLANK_SHARE,
        "sentinel": SENTINEL_SHARE,
        "broken": BROKEN_SHARE,
    }
    counts = [round(share * n) for share in shares.values()]
    kinds = np.repeat([*shares, "full"], [*counts, n - sum(counts)])
    return rng.permutation(kinds)


def _draw_leap_days(eligible: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    planted = np.zeros(len(eligible), dtype=bool)
    candidates = np.flatnonzero(eligible)
    size = round(LEAP_DAY_SHARE * len(eligible))
    planted[rng.choice(candidates, size=size, replace=False)] = True
    return planted


def _solar_days(
    lives: pd.DataFrame, rng: np.random.Generator, leap_day: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    year = lives["born_year"].to_numpy()
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    following = (year - 1969).astype("datetime64[Y]").astype("datetime64[D]")
    length = (following - first).astype(np.int64)
    born = pd.Series(first + (rng.random(len(year)) * length).astype(np.int64))
    month = np.where(leap_day, 2, born.dt.month.to_numpy())
    return year, month, np.where(leap_day, 29, born.dt.day.to_numpy())


def _lunar_days(
    lives: pd.DataFrame, rng: np.random.Generator, year_told: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n = len(lives)
    born_year = lives["born_year"].to_numpy()
    # The end of a lunar year falls into the next solar one: keep a year's distance from the
    # young edge of the age band.
    last_year = SHOP_YEAR - lives["lowest_age"].to_numpy() - 1
    year = np.minimum(born_year, last_year)
    month = rng.integers(1, 13, n)
    # "the 30th" is what makes a lunar rule necessary, so one in four without a year has it
    day = np.where(~year_told & (rng.random(n) < 0.25), 30, rng.integers(1, 30, n))
    nearest = LEAP_MONTHS[np.searchsorted(LEAP_MONTHS[:, 0], year, side="right") - 1]
    in_band = nearest[:, 0] >= SHOP_YEAR - lives["highest_age"].to_numpy()
    leap = np.zeros(n, dtype=bool)
    candidates = np.flatnonzero(year_told & in_band)
    leap[rng.choice(candidates, size=LUNAR_LEAP_MONTHS, replace=False)] = True
    return (
        np.where(leap, nearest[:, 0], year),
        np.where(leap, nearest[:, 1], month),
        day,
        leap,
    )


def _day_within(month: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    first = month.astype("datetime64[D]")
    length = ((month + 1).astype("datetime64[D]") - first).astype(np.int64)
    return np.asarray(first + (rng.random(len(month)) * length).astype(np.int64))
