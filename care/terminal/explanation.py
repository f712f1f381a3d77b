"""On the screen: one customer, and why."""

from collections.abc import Mapping

from rich.text import Text

from care.domain.gift import Gift
from care.explanation import Explanation, in_words
from care.terminal.screen import console, table

OUTCOME = {
    "touched": ("touched", "green"),
    "held_out": ("held out", "cyan"),
    "deferred": ("deferred", "yellow"),
    "excluded": ("excluded", "red"),
    "paused": ("paused", "yellow"),
    "off": ("off", "dim"),
    "not_due": ("not due", "dim"),
}


def print_explanation(found: Explanation, gifts: Mapping[str, Gift]) -> None:
    """One customer on one night: every campaign, and what became of it; ``gifts`` have names."""
    console.rule(
        f"[bold]Customer {found.customer_ref}, night of {found.night}", style="cyan", align="left"
    )
    rows = table()
    for name in ("campaign", "outcome", "why"):
        rows.add_column(name, no_wrap=name == "campaign")
    for one in found.considered:
        label, style = OUTCOME[one.outcome]
        why = f"{one.because}\n" if one.because else ""
        why += one.why + (f"; next on {one.next_on}" if one.next_on else "")
        why += "".join(f"\nrecommends {named.in_words}" for named in one.recommended)
        rows.add_row(one.campaign, Text(label, style), Text(why))
    console.print(rows)
    if found.earlier:
        console.print("\nOther nights")
        rows = table()
        for name in ("night", "campaign", "what became of it"):
            rows.add_column(name, no_wrap=name != "what became of it")
        for life in found.earlier:
            rows.add_row(f"{life.night}", life.campaign, in_words(life, gifts))
        console.print(rows)
