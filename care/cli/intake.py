"""`care intake …`: the shop's data, looked at before a night does."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from care.cli.exit import Exit
from care.cli.option import PLAIN, AsJson, Home, Night, SetAside, print_json

intake = typer.Typer(help="Look at the shop's data, before a night does.", **PLAIN)


@intake.command("check")
def intake_check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Parquet or CSV files that nothing maps yet."),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option("--sources", metavar="FILE", help="A shop.toml. Default: the home's."),
    ] = None,
    home: Home = None,
    night: Night = None,
    out: SetAside = None,
    as_json: AsJson = False,
) -> None:
    """Try the shop's data without planning anything.

    Reads what shop.toml maps as a night would, and says what is kept, what is set aside and why.
    Of FILEs alone it proposes a shop.toml and tries that. Shows no name, address or phone number.
    Exit code 3 if something would stop a night.
    """
    if files and sources:
        raise typer.BadParameter("name files, or a shop.toml with --sources, not both")
    from care.intake import check, in_words
    from care.intake.export import write_set_aside
    from care.intake.sources import read_sources
    from care.policy import read_policy
    from care.settings import read_settings

    settings = read_settings(home=home)
    policy = read_policy(settings.policy_path)
    zone = policy.shop.zone
    tonight = night or datetime.now(zone).date()
    if files:
        looked = check.check_files(files, night=tonight, timezone=zone.key)
        _, proposals, found = looked
        numbers, lines = in_words.profiled_numbers(*looked), in_words.tell_files(*looked)
    else:
        proposals, mapped = [], read_sources(sources or settings.sources)
        found = check.check_sources(
            mapped, night=tonight, timezone=zone.key, festivals=policy.festivals
        )
        numbers, lines = in_words.checked_numbers(found), in_words.tell_checked(found)
    if out is not None:
        write_set_aside(check.all_set_aside(found), out)
    if as_json:
        print_json(numbers)
    else:
        print("\n".join(lines))
    if check.stops(proposals, found):
        raise typer.Exit(Exit.WRONG_CONFIGURATION)
