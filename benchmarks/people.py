"""Customers with the awkward dates of real ones, from one side of the date line to the other."""

import numpy as np
import pandas as pd

PLACES = (
    ("en", "America/New_York", "US-NY", 0.40),
    ("zh-CN", "Asia/Shanghai", "CN-SH", 0.30),
    ("en", "Europe/London", "GB", 0.12),
    ("zh-CN", "America/Los_Angeles", "US-CA", 0.10),
    ("en", "Pacific/Kiritimati", "KI", 0.04),  # the first to see a day
    ("en", "Pacific/Pago_Pago", "AS", 0.04),  # and the last
)


def draw_people(
    rng: np.random.Generator, n: int, opened: np.datetime64, ends: np.datetime64
) -> pd.DataFrame:
    """Customers as a shop delivers them, who joined between its opening and the end."""
    place = rng.choice(len(PLACES), size=n, p=[share for *_, share in PLACES])
    locale, zone, region = (np.array([one[i] for one in PLACES])[place] for i in range(3))
    chinese = locale == "zh-CN"
    number = np.arange(n).astype(str)
    family = np.where(
        chinese,
        np.array(list("王李张刘陈杨赵黄"))[rng.integers(0, 8, n)],
        np.array(["Smith", "Jones", "Brown", "Wilson"])[rng.integers(0, 4, n)],
    )
    joined = opened + rng.integers(0, int((ends - opened).astype(int)), n)
    leap_day = rng.random(n) < 0.03
    next_leap_year = -(-(opened.astype("datetime64[Y]").astype(int) + 1971) // 4) * 4
    leap_day_of_it = np.datetime64(f"{next_leap_year}-02-29")
    joined = np.where(leap_day, leap_day_of_it, joined).astype("datetime64[D]")
    wedding = np.where(
        rng.random(n) < 0.4,
        np.datetime64("1980-01-01") + rng.integers(0, 365 * 45, n),
        np.datetime64("NaT"),
    )
    return pd.DataFrame(
        {
            "customer_id": np.char.add("c", number),
            "name": np.where(chinese, np.char.add(family, "丽"), np.char.add("Anna ", family)),
            "family_name": family,
            "given_name": np.where(chinese, "丽", "Anna"),
            "gender": np.where(rng.random(n) < 0.5, "female", "male"),
            **_birthdays(rng, n, chinese),
            "wedding_on": wedding.astype("datetime64[s]"),
            "spouse_name": pd.Series(np.where(rng.random(n) < 0.5, "Jo", None), dtype="str"),
            "joined_on": joined.astype("datetime64[s]"),
            "locale": locale,
            "timezone": zone,
            "region": region,
            "advisor": pd.Series(np.where(rng.random(n) < 0.02, "Dana Lee", None), dtype="str"),
            "email": np.char.add(np.char.add("c", number), "@example.com"),
            "email_consent": rng.random(n) < 0.9,
            "sms_consent": False,
        }
    )


def _birthdays(rng: np.random.Generator, n: int, chinese: np.ndarray) -> dict[str, object]:
    """Dates as people give them: whole ones, without a year, lunar ones, stand-ins, none."""
    year = rng.integers(1940, 2008, n)
    month, day = rng.integers(1, 13, n), rng.integers(1, 29, n)
    lunar = chinese & (rng.random(n) < 0.5)
    leap = lunar & (rng.random(n) < 0.1)
    day = np.where(lunar & (rng.random(n) < 0.1), 30, day)
    kind = rng.random(n)
    leapling = ~lunar & (kind < 0.03)
    month, day = np.where(leapling, 2, month), np.where(leapling, 29, day)
    year = np.where(leapling, year // 4 * 4, year)
    stand_in = ~lunar & (kind > 0.97)
    year, month, day = (
        np.where(stand_in, told, part) for told, part in ((1900, year), (1, month), (1, day))
    )
    known = kind < 0.90
    # Of a lunar date the year is left out: else leap months and 30ths would have to be real ones.
    with_year = known & ~lunar & (rng.random(n) < 0.8) | stand_in
    told = known | stand_in
    return {
        "birth_year": pd.Series(year, dtype="Int64").where(with_year),
        "birth_month": pd.Series(month, dtype="Int64").where(told),
        "birth_day": pd.Series(day, dtype="Int64").where(told),
        "birth_calendar": np.where(lunar, "lunar", "gregorian"),
        "birth_leap": leap,
    }
