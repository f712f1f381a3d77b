"""`care gifts …`: how the gifts stand, and codes for those that need them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from care.cli.option import PLAIN, AsJson, Home, Night, hand, open_home, print_json

gifts = typer.Typer(help="See how the gifts stand, and bring in voucher codes.", **PLAIN)


@gifts.command("status")
def gifts_status(home: Home = None, night: Night = None, as_json: AsJson = False) -> None:
    """Show what there is of every gift, and what is left of the budgets.

    Budgets are those of the last night planned and of its month, unless --night names another.
    """
    from dataclasses import asdict

    from care import gifting

    found = gifting.status(open_home(home), night=night)
    if as_json:
        print_json(asdict(found))
    else:
        from care.terminal.gifts import print_gifts

        print_gifts(found)


@gifts.command("import-codes")
def gifts_import_codes(
    gift: Annotated[
        str,
        typer.Argument(metavar="GIFT", help="As the policy calls it.", show_default=False),
    ],
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV with a header.", show_default=False),
    ],
    column: Annotated[str, typer.Option(metavar="NAME", help="The column of the codes.")] = "code",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Bring voucher codes into the pool of a gift.

    Safe to repeat: what is there already stays as it is. Rows that cannot be used are set aside,
    each with its reason.
    """
    from dataclasses import asdict

    from care import gifting

    runtime = open_home(home)
    found = gifting.import_codes(
        runtime, gift, file, column=column, by=gifting.By(hand(), datetime.now(UTC))
    )
    if as_json:
        print_json(asdict(found) | {"listed": found.listed and str(found.listed)})
        return
    aside = sum(found.set_aside.values())
    print(
        f"{gift}: {found.read:,} rows, {found.added:,} codes added, {found.known:,} there already, "
        f"{aside:,} set aside"
    )
    for reason, count in found.set_aside.items():
        print(f"  {count:,} {reason.replace('_', ' ')}")
    if found.listed is not None:
        print(f"  which rows, and what to do: {found.listed}")
