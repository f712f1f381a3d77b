"""`care console`: the review pages in a browser, on this machine alone."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from care.cli.option import Home, Now, open_home


def console(
    home: Home = None,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="0 takes a free one.")
    ] = 8799,
    who: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Who decides. Default: your login name."),
    ] = None,
    role: Annotated[str, typer.Option(metavar="ROLE", help="viewer, reviewer or admin.")] = "admin",
    now: Now = None,
) -> None:
    """Look at the night's campaigns in a browser, and decide.

    Prints an address that lets in once; whoever comes in that way decides under your name. Only
    this machine can reach it. Stop it with Ctrl-C.
    """
    from care.cli.review import login_name
    from care.console.serve import serve
    from care.domain.role import Role

    try:
        chosen = Role(role)
    except ValueError:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(Role)}") from None
    began = datetime.now(UTC)

    def clock() -> datetime:
        real = datetime.now(UTC)
        return real if now is None else now + (real - began)

    runtime = open_home(home)
    serve(
        lambda: open_home(runtime.settings.home),
        name=who or login_name(),
        role=chosen,
        port=port,
        clock=clock,
        tell=print,
    )
