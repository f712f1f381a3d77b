"""Whether a type is in its season."""

import pandas as pd

from care.domain.season import damping


def sales(**weekly):
    """Purchases a week of each type: ``type_7=(recent, before)``."""
    rows = [
        {"type_key": int(name[5:]), "weeks_ago": week, "purchases": recent if week < 4 else before}
        for name, (recent, before) in weekly.items()
        for week in range(52)
        if (recent if week < 4 else before)
    ]
    return pd.DataFrame(rows, columns=["type_key", "weeks_ago", "purchases"])


def test_what_sells_as_usual_is_in_season():
    assert damping(sales(type_1=(50, 50), type_2=(500, 500))).tolist() == [1.0, 1.0]


def test_what_hardly_sells_now_is_damped_as_far_as_it_sells_less():
    found = damping(sales(type_1=(5, 50), type_2=(500, 500)))
    assert found[2] == 1.0
    assert 0.1 < found[1] < 0.2


def test_a_shop_that_is_quiet_as_a_whole_has_no_season():
    assert damping(sales(type_1=(5, 50), type_2=(50, 500))).eq(1.0).all()


def test_few_purchases_make_no_season():
    assert damping(sales(type_1=(0, 1), type_2=(500, 500)))[1] == 1.0


def test_what_rises_is_not_raised():
    assert damping(sales(type_1=(500, 50), type_2=(500, 500))).max() == 1.0


def test_a_shop_without_a_past_damps_nothing():
    assert damping(sales(type_1=(50, 0))).tolist() == [1.0]
    assert damping(sales()).empty
