"""`care suppress …`: what must not be sent."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from care.cli.imported import print_set_aside
from care.cli.option import (
    PLAIN,
    STAFF,
    AsJson,
    ChannelName,
    Event,
    Home,
    Now,
    SetAside,
    hand,
    moment,
    one_of,
    open_home,
    print_json,
)

if TYPE_CHECKING:
    from care.suppression_file import Check, Rows

suppress = typer.Typer(help="What must not be sent, to whom, and why.", **PLAIN)


@suppress.command("add")
def suppress_add(
    customer: Annotated[
        str | None, typer.Argument(metavar="[CUSTOMER]", help="customer_id or customer_ref.")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Whoever has it; only a keyed hash is kept.")
    ] = None,
    channel: ChannelName = None,
    occasion: Annotated[
        str | None,
        typer.Option("--occasion", help="A campaign, or one such as festival:mothers-day."),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            help="manual, unsubscribe, bounce, complaint, erasure or opt-out. Default: opt-out "
            "with --occasion, else manual.",
        ),
    ] = None,
    covers: Annotated[
        str | None,
        typer.Option(help="marketing, or everything: service messages too. Default: by reason."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", parser=moment, metavar="MOMENT", help="Then it ends by itself."),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", help="Why, in your words; sealed with her key.")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Needed where no customer and no address is named.")
    ] = False,
    source: Annotated[str, typer.Option("--source", help="Who says so.")] = STAFF,
    event: Event = None,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Let something not be sent any more, from the next release on.

    A customer, an address, a channel, an occasion, or several of them together.
    """
    if not (customer or address or everybody):
        raise typer.BadParameter("name a customer or an address, or say --everybody")
    if everybody and (customer or address):
        raise typer.BadParameter("--everybody is for when nobody is named")
    from care.domain.channel import Channel
    from care.domain.suppression import Covers, Why
    from care.suppression import Scope
    from care.suppression import suppress as write_down

    usual = Why.OPT_OUT if occasion and customer else Why.MANUAL
    number = write_down(
        open_home(home),
        Scope(
            customer=customer,
            address=address,
            channel=None if channel is None else one_of(Channel, channel, "--channel"),
            occasion=occasion,
        ),
        reason=usual if reason is None else one_of(Why, reason, "--reason"),
        source=source,
        now=now or datetime.now(UTC),
        until=until,
        covers=None if covers is None else one_of(Covers, covers, "--covers"),
        note=note,
        event_id=event,
        actor=hand() if source == STAFF else None,
    )
    if as_json:
        print_json({"suppression_id": number})
    else:
        print(f"suppression {number}; `care suppress lift {number}` ends it")


Why = Annotated[
    str, typer.Option("--reason", help="Why, in words; kept in the open.", show_default=False)
]


@suppress.command("lift")
def suppress_lift(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As the list shows it.")],
    reason: Why,
    source: Annotated[str, typer.Option("--source", help="Who says so.")] = STAFF,
    home: Home = None,
    now: Now = None,
) -> None:
    """Let what was suppressed be sent again, from the next release on. It stays on record."""
    from care.suppression import lift

    lift(
        open_home(home),
        number,
        reason=reason,
        source=source,
        now=now or datetime.now(UTC),
        actor=hand() if source == STAFF else None,
    )
    print(f"suppression {number} is lifted")


@suppress.command("list")
def suppress_list(
    customer: Annotated[str | None, typer.Argument(metavar="[CUSTOMER]", help="Only hers.")] = None,
    past: Annotated[
        bool, typer.Option("--all", help="Those that are lifted or over, too.")
    ] = False,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """List what is suppressed now."""
    from care.suppression import listed

    runtime = open_home(home)
    found = listed(runtime, customer, at=None if past else now or datetime.now(UTC))
    if as_json:
        print_json(found)
        return
    for one in found:
        print(_line(one, runtime.policy.shop.zone))
    if not found:
        print("nothing is suppressed")


@suppress.command("import")
def suppress_import(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="One suppression a row.")],
    check: Annotated[
        bool, typer.Option("--check", help="Say what it would do, and do nothing.")
    ] = False,
    out: SetAside = None,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Add suppressions of a file: customer_id or address, and what is known beside.

    May have channel, occasion, reason, covers, since, until, source and event_id. Safe to repeat.
    Bad rows are set aside with a reason. What it brought can be lifted as a whole.
    """
    from care import suppression_file

    runtime, moment = open_home(home), now or datetime.now(UTC)
    looked = suppression_file.check(runtime, file, now=moment) if check else None
    rows = looked.rows if looked else suppression_file.take(runtime, file, now=moment, actor=hand())
    if out is not None:
        from care.intake.export import write_set_aside

        write_set_aside(rows.set_aside, out)
    if as_json:
        print_json(_told(rows) | (_silenced(looked) if looked else {}))
        return
    print(
        f"{rows.read:,} rows read, {rows.new:,} new, {rows.known:,} known already, "
        f"{rows.repeated:,} repeated, {len(rows.set_aside):,} set aside"
    )
    if rows.lifted:
        print(f"  {rows.lifted:,} of the known were lifted since, and stay so")
    print_set_aside(rows.set_aside)
    if looked:
        print(
            f"of {looked.reached:,} customers who can be written to, {looked.silenced:,} would get "
            f"nothing any more, and {looked.service_only:,} only service messages: "
            f"{looked.share:.1%} together"
        )
    elif rows.new:
        print(f"import {rows.import_id}; `care suppress lift-import {rows.import_id}` ends it")


@suppress.command("imports")
def suppress_imports(home: Home = None, as_json: AsJson = False) -> None:
    """List the files that brought suppressions, and how many of these were lifted."""
    from dataclasses import asdict

    from care.suppression_file import imports

    found = imports(open_home(home))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        print(f"{one.import_id}  {one.suppressions:,} suppressions, {one.lifted:,} lifted")
    if not found:
        print("no file was brought in")


@suppress.command("lift-import")
def suppress_lift_import(
    import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="As `imports` lists it.")],
    reason: Why,
    source: Annotated[str, typer.Option("--source", help="Who says so.")] = STAFF,
    home: Home = None,
    now: Now = None,
) -> None:
    """Lift all that a file brought. What was there before it stays."""
    from care.suppression_file import lift_import

    lifted = lift_import(
        open_home(home),
        import_id,
        reason=reason,
        source=source,
        now=now or datetime.now(UTC),
        actor=hand() if source == STAFF else None,
    )
    print(f"{lifted:,} suppressions of import {import_id} are lifted")


def _told(rows: "Rows") -> dict[str, Any]:
    names = ("import_id", "sha256", "read", "new", "known", "lifted", "repeated")
    reasons = rows.set_aside["reason"].value_counts().sort_index().to_dict()
    return {name: getattr(rows, name) for name in names} | {"set_aside": reasons}


def _silenced(looked: "Check") -> dict[str, Any]:
    names = ("reached", "silenced", "service_only", "share")
    return {name: getattr(looked, name) for name in names}


def _line(one: dict[str, Any], zone: tzinfo) -> str:
    """One suppression, its days the shop's."""

    def day(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d}"

    whose = f"address {one['address_hash'][:8]}…" if one["address_hash"] else "everybody"
    about = [f"by {one['channel']}"] if one["channel"] else []
    about += [one["occasion"]] if one["occasion"] else []
    until = f" until {day(one['until'])}" if one["until"] else ""
    lifted = f", lifted {day(one['lifted_at'])}" if one["lifted_at"] else ""
    note = f" ({one['note']})" if one["note"] else ""
    told = ", ".join([one["customer_id"] or whose, *about])
    source = f"import {one['import_id']}" if one["import_id"] else one["source"]
    return (
        f"{one['suppression_id']:4}  {told}: {one['purpose']}, {one['reason']}{note}, "
        f"{source}, since {day(one['since'])}{until}{lifted}"
    )
