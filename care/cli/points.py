"""`care points …`: a customer's points, looked at and moved."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from care.cli.option import PLAIN, AsJson, Home, Now, open_home, print_json

points = typer.Typer(help="Look at a customer's points, and move them.", **PLAIN)

CustomerId = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="The shop's own id of her.", show_default=False)
]


@points.command("show")
def points_show(customer: CustomerId, home: Home = None, as_json: AsJson = False) -> None:
    """Show how many points a customer has."""
    from care.storage.database import reading
    from care.storage.points import balance_of

    with reading(open_home(home).engine) as connection:
        _, balance = balance_of(connection, customer)
    _print_balance(customer, balance, as_json)


@points.command("redeem")
def points_redeem(
    customer: CustomerId,
    count: Annotated[int, typer.Option("--points", min=1, help="How many she uses.")],
    reference: Annotated[str, typer.Option("--for", help="What for, such as the receipt.")],
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Take points that a customer uses.

    Safe to repeat: the same receipt takes them once.
    """
    _move_points(customer, "redeem", -count, reference, home, now, as_json)


@points.command("adjust")
def points_adjust(
    customer: CustomerId,
    count: Annotated[int, typer.Option("--points", help="How many to add, or below 0 to take.")],
    reference: Annotated[str, typer.Option("--for", help="Why, once per customer.")],
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Add points that never expire, or take some back, as after a refund.

    Safe to repeat: the same reason moves them once.
    """
    if not count:
        raise typer.BadParameter("0 points move nothing")
    _move_points(customer, "adjust", count, reference, home, now, as_json)


def _move_points(
    customer: str,
    kind: str,
    count: int,
    reference: str,
    home: Path | None,
    now: datetime | None,
    as_json: bool,
) -> None:
    from care.domain.points import Move
    from care.storage.database import writing
    from care.storage.points import move

    runtime = open_home(home)
    on = (now or datetime.now(UTC)).astimezone(runtime.policy.shop.zone).date()
    with writing(runtime.engine) as connection:
        balance = move(
            connection, customer, kind=Move(kind), points=count, reference=reference, on=on
        )
    _print_balance(customer, balance, as_json)


def _print_balance(customer: str, balance: int, as_json: bool) -> None:
    if as_json:
        print_json({"customer_id": customer, "points": balance})
    else:
        print(f"{customer}: {balance} points")
