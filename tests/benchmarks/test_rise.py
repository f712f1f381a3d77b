"""How often a warning of a rise errs, and how often it finds one, is what the page says."""

import pytest

from tests.docs.pages import read
from tests.domain.test_rise import nights_that_warn, rises_found, simulated

__all__ = ["simulated"]  # a fixture


@pytest.mark.slow
def test_the_figures_on_rises_are_measured(simulated) -> None:
    table = read("docs/models.md").split("<!-- figures: rise -->\n")[1].split("<!-- end -->")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]]
    said = {extra: float(share.rstrip(" %")) / 100 for extra, share in rows}
    assert list(said) == ["0", "3", "4", "5", "6", "8"]
    for extra, share in said.items():
        measured = rises_found(simulated, int(extra)) if int(extra) else nights_that_warn(simulated)
        assert share == pytest.approx(measured, abs=0.011), extra
