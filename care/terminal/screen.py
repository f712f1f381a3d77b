"""What everything on the screen is made of."""

from collections.abc import Iterable

from babel.numbers import format_currency, get_currency_precision
from rich.console import Console
from rich.table import Table
from rich.text import Text

from care.domain.arbitration import Price

console = Console(highlight=False)
WIDTH = 88
"""Of a panel: a message is easier to read than a terminal is wide."""

STATE_STYLE = {
    "waiting": "yellow",
    "held": "yellow",
    "approved": "green",
    "rejected": "red",
    "expired": "dim",
}
Line = tuple[Text, str | Text]


def money(minor: int, currency: str) -> str:
    """Minor units as people read them."""
    text: str = format_currency(
        minor / 10 ** get_currency_precision(currency), currency, locale="en"
    )
    return text


def table() -> Table:
    """Narrow enough that a terminal of 80 columns cuts no name short."""
    return Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")


def listed(lines: Iterable[Line]) -> Table:
    """Labels and what they say; what is long goes on below itself."""
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=9, no_wrap=True)
    for line in lines:
        table.add_row(*line)
    return table


def label(text: str, style: str = "bold") -> Text:
    """What stands at the beginning of a line."""
    return Text(text, style)


def price(one: Price, currency: str) -> str:
    """What one more of what was short would have brought."""
    a_unit = 10 ** get_currency_precision(currency)
    if one["what"].endswith("budget"):
        of = one["what"].replace("_", " ")
        gained = money(round(one["price"] * a_unit), currency)
        return f"{money(a_unit, currency)} more of {of} would have brought {gained}"
    thing = f"{one['name']} message" if one["what"] == "channel" else one["name"]
    return f"one more {thing} would have brought {money(round(one['price']), currency)}"


def messages(count: int) -> str:
    """So many messages."""
    return f"{count:,} message{'' if count == 1 else 's'}"
