"""Some weeks of a simulated year: the whole of it is ``python -m benchmarks.year``."""

from datetime import date

import pytest

from benchmarks.year import live_through


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("first", "nights"),
    [
        (date(2028, 1, 20), 60),  # Spring Festival, a leap day, a change of clocks
        (date(2028, 6, 16), 14),  # a leap fifth month
    ],
)
def test_a_season_keeps_the_laws(tmp_path, database_url, first, nights):
    lived = live_through(
        tmp_path, customers=400, first=first, nights=nights, database_url=database_url
    )
    assert lived.occasions > 20
    assert len(lived.touches) > 10
