"""`care models …`: what was trained, who speaks, and giving the title by hand."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from care.cli.option import PLAIN, AsJson, Home, Now, one_of, open_home, print_json

if TYPE_CHECKING:
    from care.domain.title import TitleEvent

models = typer.Typer(help="See what was trained and who speaks; promote, or roll back.", **PLAIN)

KIND_WORDS = "items (what she will want) or timing (when)."
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; it is kept.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it is kept.")]
ModelId = Annotated[
    str,
    typer.Argument(metavar="MODEL_ID", help="As `care models list` names it.", show_default=False),
]


def _kind(text: str, option: str) -> str:
    from care.domain.title import Kind

    return str(one_of(Kind, text, option))


@models.command("list")
def models_list(
    kind: Annotated[str | None, typer.Option("--kind", help=f"Only {KIND_WORDS}")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what was trained, the newest night first."""
    from care import champion

    chosen = None if kind is None else _kind(kind, "--kind")
    runtime = open_home(home)
    found = champion.list_known(runtime, kind=chosen)
    refused = champion.refused_data(runtime, kind=chosen)
    if as_json:
        print_json(
            {
                "models": [champion.as_numbers(one) for one in found],
                "untrained": [
                    {"kind": one.kind, "night": one.night.isoformat(), "reason": one.reason}
                    for one in refused
                ],
            }
        )
    else:
        from care.terminal.models import print_models

        print_models(found, refused)


@models.command("show")
def models_show(model_id: ModelId, home: Home = None, as_json: AsJson = False) -> None:
    """Show one model: its figures, its papers, its record."""
    from dataclasses import asdict

    from care import champion

    found = champion.show(open_home(home), model_id)
    if not as_json:
        from care.terminal.models import print_model

        print_model(found)
        return
    model, papers = found.listed.model, found.papers
    print_json(
        champion.as_numbers(found.listed)
        | {
            "figures": model.figures,
            "watched": model.watched,
            "artifact": {
                "path": model.artifact,
                "sha256": model.artifact_sha256,
                "verified": found.broken is None,
                "broken": found.broken,
            },
            "papers": None
            if papers is None
            else asdict(papers) | {"seed": papers.seed, "parent": papers.parent},
            "events": [_event(one) for one in found.events],
        }
    )


def _event(one: "TitleEvent") -> dict[str, Any]:
    return {
        "event": str(one.event),
        "model_id": one.model_id,
        "night": one.night.isoformat(),
        "at": one.at.isoformat(),
        "by": one.actor,
        "reason": one.reason,
        "champion_before": one.champion_before,
    }


@models.command("promote")
def models_promote(
    model_id: ModelId,
    by: By,
    why: Why,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Give a model the title, whatever the gate said.

    Refused if its file is missing or not the one that was kept.
    """
    from care import champion

    found = champion.promote(
        open_home(home), model_id, by=by, why=why, now=now or datetime.now(UTC)
    )
    if as_json:
        print_json({"kind": found.kind, "champion": found.model_id})
    else:
        print(f"{found.model_id} speaks from now on. The next night judges it like any champion.")


@models.command("rollback")
def models_rollback(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=KIND_WORDS, show_default=False)],
    by: By,
    why: Why,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="MODEL_ID", help="One that was champion. Default: the last."),
    ] = None,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Give the title back to the champion before.

    The recipe that loses it must be better than the restored one to come back.
    """
    from care import champion

    restored, lost = champion.rollback(
        open_home(home),
        _kind(kind, "KIND"),
        by=by,
        why=why,
        now=now or datetime.now(UTC),
        to=to,
    )
    if as_json:
        print_json({"kind": restored.kind, "champion": restored.model_id, "was": lost.model_id})
    else:
        print(f"{restored.model_id} speaks again, {lost.model_id} no longer.")
        if restored.name == lost.name:
            print(f"The next night trains {restored.name} anew and judges it as always.")
        else:
            print(f"{lost.name} comes back only if it proves better than {restored.name}.")
