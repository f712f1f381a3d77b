"""Who looks after the best customers: four made-up people, each for those of her language."""

import pandas as pd

from care.demo.people import stream

LOOKED_AFTER = 160
WITHOUT_SHARE = 0.15
ADVISORS = {
    "en": (("Ruth Palmer", "+1 555 0111"), ("Daniel Brooks", "+1 555 0112")),
    "zh": (("沈青", "+1 555 0113"), ("顾一鸣", "+1 555 0114")),
}


def name_advisors(people: pd.DataFrame, lines: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add ``account_manager, account_manager_phone`` (text, NA) for most of who spent most.

    Takes ``household_id`` and ``language``; rows of one household have one advisor.
    """
    rng = stream(seed, "advisors")
    spent = lines.groupby("household_id")["sales_value"].sum()
    best = spent.sort_values(ascending=False, kind="stable").index[:LOOKED_AFTER]
    language = people.dropna(subset="household_id").drop_duplicates("household_id")
    spoken = language.set_index("household_id")["language"]
    named = best[rng.random(LOOKED_AFTER) >= WITHOUT_SHARE]
    which = rng.integers(0, 2, len(named))
    theirs = [ADVISORS[spoken[one]][place] for one, place in zip(named, which, strict=True)]
    found = pd.DataFrame(theirs, index=named, columns=["account_manager", "account_manager_phone"])
    of_each = found.reindex(people["household_id"].astype("float64")).reset_index(drop=True)
    return people.join(of_each.set_axis(people.index).astype("str"))
