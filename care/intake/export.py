"""What was set aside as a CSV file for people, safe to open in a spreadsheet."""

from pathlib import Path

import pandas as pd

from care.domain.setaside import SET_ASIDE
from care.intake.inert import write_csv


def write_set_aside(set_aside: pd.DataFrame, path: Path) -> None:
    """Write columns ``SET_ASIDE``, readable by this user alone."""
    write_csv(SET_ASIDE.check(set_aside), path)
