"""Gifts, codes and what is left of the budgets on the screen."""

from rich.text import Text

from care.gifting import Gifting
from care.terminal.screen import console, money, table


def print_gifts(found: Gifting) -> None:
    """How the gifts stand, a line each, and what is left of the budgets."""
    rows = table()
    rows.add_column("gift", no_wrap=True)
    for name in ("costs", "promised", "given", "given back", "free codes", "left"):
        rows.add_column(name, justify="right")
    for one in found.gifts:
        left = "always enough" if one.left is None else f"{one.left:,}"
        rows.add_row(
            one.gift_id,
            money(one.cost, found.currency),
            f"{one.promised:,}",
            f"{one.given:,}",
            f"{one.given_back:,}",
            "" if one.free is None else f"{one.free:,}",
            Text(f"{left}, low" if one.low else left, "bold red" if one.low else ""),
        )
    console.print(rows)
    for period in found.budgets:
        spent = money(period.spent, found.currency)
        of = "" if period.budget is None else f" of {money(period.budget, found.currency)}"
        console.print(f"Gifts of {period.period}: {spent}{of}")
