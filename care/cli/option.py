"""Options that several commands share, and how their values are read."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from care.runtime import Runtime

# Typer's rich help takes longer to import than all else that `care --help` does.
PLAIN: dict[str, Any] = {
    "rich_markup_mode": None,
    "no_args_is_help": True,
    "context_settings": {"max_content_width": 100},
}


def day(text: str) -> date:
    """A date as people write it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2017-11-14") from None


def moment(text: str) -> datetime:
    """A moment, with its UTC offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is no moment; write it with its UTC offset, as 2017-11-14T09:30-05:00"
        )
    return found


STAFF = "staff"
"""Who says something at a terminal, unless told."""


def login() -> str | None:
    """Who sits at this terminal, as the machine knows her; a container may run as a bare number."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return None


def hand() -> str:
    """Who sits at this terminal, for the record, by whatever name there is."""
    return login() or "terminal"


Home = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Where everything of a run lies. Default: $CARE_HOME, else ./var."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Night = Annotated[
    date | None,
    typer.Option(parser=day, metavar="DATE", help="A business date in the shop's time zone."),
]
Now = Annotated[
    datetime | None,
    typer.Option(
        parser=moment, metavar="MOMENT", help="For drills: pretend it is 2017-11-14T09:30-05:00."
    ),
]
SetAside = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE.csv", help="Write all that was set aside here."),
]

ChannelName = Annotated[
    str | None, typer.Option("--channel", help="email or sms; marketing has one for each.")
]
Event = Annotated[
    str | None, typer.Option("--event", help="A name of its own, so that it is told once.")
]


def one_of(words: Any, text: str, option: str) -> Any:
    """A word of a vocabulary; what it may be, where it is none."""
    try:
        return words(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is none of {', '.join(words)}", param_hint=option
        ) from None


def open_home(home: Path | None) -> "Runtime":
    """Settings, policy, ledger and store of a home."""
    from care.runtime import open_runtime

    return open_runtime(home=home)


def print_json(value: Any) -> None:
    """Print a value for a program to read."""
    import orjson  # which, unlike json, never writes NaN, and moments as ISO 8601

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
