"""`care consent …`: what customers said about being written to."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from care.cli.imported import print_imported
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

consent = typer.Typer(help="What customers said about being written to.", **PLAIN)

Customer = Annotated[
    str,
    typer.Argument(metavar="CUSTOMER", help="customer_id or customer_ref.", show_default=False),
]
PurposeName = Annotated[
    str, typer.Option("--purpose", help="marketing, sensitive or personalisation.")
]
Source = Annotated[
    str, typer.Option("--source", help="Where she said it: web-form, phone, paper … No name.")
]
SaidAt = Annotated[
    datetime | None,
    typer.Option("--said-at", parser=moment, metavar="MOMENT", help="When, if not just now."),
]
ProofText = Annotated[
    str | None,
    typer.Option("--proof", metavar="JSON", help="What shows it, kept sealed; JSON or plain text."),
]


@consent.command("show")
def consent_show(customer: Customer, home: Home = None, as_json: AsJson = False) -> None:
    """Show what holds for a customer, and every word it rests on."""
    from dataclasses import asdict

    from care.consent import standing

    found = standing(open_home(home), customer)
    if as_json:
        print_json(asdict(found))
        return
    for one in found.held:
        print(f"{_about(one)}: {one['state']} since {one['since']:%Y-%m-%d %H:%M} UTC")
    for word in found.words:
        proof = f", proof {word['proof']}" if word["proof"] else ""
        print(
            f"  {word['said_at']:%Y-%m-%d %H:%M} UTC  {word['word']:8}  {_about(word)}, "
            f"{word['source']}{proof}"
        )
    if not found.held:
        print("she has said nothing: no marketing, and nothing sensitive")


@consent.command("grant")
def consent_grant(
    customer: Customer,
    purpose: PurposeName = "marketing",
    channel: ChannelName = None,
    source: Source = STAFF,
    said_at: SaidAt = None,
    proof: ProofText = None,
    event: Event = None,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Write down that a customer agrees.

    From a web form, on channels that policy wants confirmed, it is a request: the token that is
    printed confirms it.
    """
    from care.consent import grant

    _say(grant, customer, purpose, channel, source, said_at, proof, event, home, now, as_json)


@consent.command("withdraw")
def consent_withdraw(
    customer: Customer,
    purpose: PurposeName = "marketing",
    channel: ChannelName = None,
    source: Source = STAFF,
    said_at: SaidAt = None,
    proof: ProofText = None,
    event: Event = None,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Write down that a customer does not agree any more.

    Marketing without a channel is all marketing.
    """
    from care.consent import withdraw

    _say(withdraw, customer, purpose, channel, source, said_at, proof, event, home, now, as_json)


@consent.command("confirm")
def consent_confirm(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="The token of the request.")],
    proof: ProofText = None,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Confirm a request with its token.

    It counts from the moment of the request: who said no in between stays unwritten to.
    """
    from care.consent import confirm

    answer = confirm(open_home(home), token, now=now or datetime.now(UTC), proof=_proof(proof))
    _print_answer(answer, as_json)


@consent.command("import")
def consent_import(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="One word a row.")],
    out: SetAside = None,
    home: Home = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Add what another system kept: customer_id, purpose, word, said_at.

    May also have channel, source, proof and event_id. Safe to repeat. Bad rows are set aside with
    a reason.
    """
    from care.consent import import_words

    found = import_words(open_home(home), file, now=now or datetime.now(UTC), actor=hand())
    print_imported(found, out, as_json)


@consent.command("export")
def consent_export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .csv or .json.")],
    home: Home = None,
) -> None:
    """Write every word of the ledger to a file, proofs in the open.

    Only you may read the file. Cells that a spreadsheet would compute begin with an apostrophe.
    """
    if file.suffix not in (".csv", ".json"):
        raise typer.BadParameter("name a file that ends in .csv or .json")
    from care.consent import export_words
    from care.intake.inert import write_csv, write_private

    found = export_words(open_home(home))
    if file.suffix == ".csv":
        write_csv(found, file)
    else:
        import orjson

        from care.storage.bulk import records

        write_private(orjson.dumps(records(found), option=orjson.OPT_INDENT_2), file)
    print(f"{len(found)} words written to {file}")


def _say(
    say: Any,
    customer: str,
    purpose: str,
    channel: str | None,
    source: str,
    said_at: datetime | None,
    proof: str | None,
    event: str | None,
    home: Path | None,
    now: datetime | None,
    as_json: bool,
) -> None:
    from care.domain.channel import Channel
    from care.domain.consent import WEB_FORM, Purpose

    answer = say(
        open_home(home),
        customer,
        purpose=one_of(Purpose, purpose, "--purpose"),
        channel=None if channel is None else one_of(Channel, channel, "--channel"),
        source=source,
        now=now or datetime.now(UTC),
        said_at=said_at,
        proof=_proof(proof),
        event_id=event,
        actor=None if source == WEB_FORM else hand(),
    )
    _print_answer(answer, as_json)


def _proof(text: str | None) -> dict[str, Any] | None:
    import orjson

    if text is None:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = text
    return found if isinstance(found, dict) else {"told": found}


def _print_answer(answer: Any, as_json: bool) -> None:
    if as_json:
        print_json({"state": str(answer.held), "token": answer.token})
        return
    print(f"holds now: {answer.held}")
    if answer.token:
        print(f"to be confirmed with: care consent confirm {answer.token}")


def _about(one: dict[str, Any]) -> str:
    return str(one["purpose"]) + (f" by {one['channel']}" if one["channel"] != "any" else "")
