"""One customer on one page, names hidden until asked for, and what staff write down for her."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request
from starlette.responses import Response

from care.consent import UnableToRecordConsent
from care.console.access import Reviewer, Viewer
from care.console.campaign import Grant
from care.console.day import GivenDay, day_of
from care.console.disclosure import grant as grant_for
from care.console.disclosure import granted
from care.console.page import go, link, now_of, render, runtime_of
from care.console.visitor import Visitor
from care.desk import UnableToDecide, search
from care.desk.customer import (
    change_consent,
    customer_record,
    opt_out,
    pseudonym_of,
    suppress,
)
from care.desk.touch import reveal
from care.domain.channel import Channel
from care.domain.consent import Purpose
from care.explanation import UnableToExplain
from care.suppression import UnableToSuppress, occasions

router = APIRouter()
Note = Annotated[str, Form(min_length=1, max_length=500)]


@router.get("/customers")
def find_customer(
    request: Request, visitor: Viewer, who: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Find a customer by the shop's number or by her pseudonym."""
    if not who.strip():
        return _search(request, visitor)
    try:
        found = pseudonym_of(runtime_of(request), who.strip())
    except UnableToExplain:
        return _search(request, visitor, status=404, who=who)
    return go(request, link("customers", found))


@router.post("/customers/by-name")
def find_by_name(
    request: Request,
    visitor: Viewer,
    name: Annotated[str, Form(max_length=200)],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Find customers by a part of their name; that it was asked stays on record."""
    try:
        found = search.find_by_name(
            runtime_of(request), name, actor=visitor.name, reason=reason, now=now_of(request)
        )
    except UnableToDecide as error:
        return _search(request, visitor, status=409, told=str(error))
    shown = grant_for(request, visitor, [one.customer_ref for one in found])
    return _search(request, visitor, named=found, grant=shown)


@router.get("/customers/by-name")
def named_by_post(request: Request, visitor: Viewer) -> Response:
    """Whoever comes here by the address bar goes on to the search."""
    return go(request, link("customers"))


@router.get("/customers/{customer}")
def customer_page(
    request: Request, visitor: Viewer, customer: str, grant: Grant = None
) -> Response:
    """Everything about a customer."""
    return _page(request, visitor, customer, grant=grant)


@router.post("/customers/{customer}/reveal")
def show_name(request: Request, visitor: Viewer, customer: str, reason: Note) -> Response:
    """Show who she is; that it was asked stays on record."""
    try:
        reveal(
            runtime_of(request), [customer], actor=visitor.name, reason=reason, now=now_of(request)
        )
    except UnableToDecide as error:
        return _page(request, visitor, customer, told=str(error))
    shown = grant_for(request, visitor, [customer])
    return go(request, link("customers", customer, grant=shown))


@router.post("/customers/{customer}/suppress")
def stop(
    request: Request,
    visitor: Reviewer,
    customer: str,
    note: Note,
    channel: Annotated[Channel | Literal[""], Form()] = "",
    until: GivenDay = "",
) -> Response:
    """Let nothing be sent to her any more."""
    zone = runtime_of(request).policy.shop.zone
    return _written(
        request,
        visitor,
        customer,
        lambda: suppress(
            runtime_of(request),
            customer,
            channel=Channel(channel) if channel else None,
            note=note,
            actor=visitor.name,
            now=now_of(request),
            until=datetime.combine(last, time.max, zone) if (last := day_of(until)) else None,
        ),
    )


@router.post("/customers/{customer}/consent")
def write_consent(
    request: Request,
    visitor: Reviewer,
    customer: str,
    note: Note,
    purpose: Annotated[Purpose, Form()],
    granted: Annotated[bool, Form()],
    channel: Annotated[Channel | Literal[""], Form()] = "",
) -> Response:
    """Write down what she said about being written to."""
    return _written(
        request,
        visitor,
        customer,
        lambda: change_consent(
            runtime_of(request),
            customer,
            purpose=purpose,
            channel=Channel(channel) if channel and purpose is Purpose.MARKETING else None,
            granted=granted,
            note=note,
            actor=visitor.name,
            now=now_of(request),
        ),
    )


@router.post("/customers/{customer}/opt-out")
def write_opt_out(
    request: Request,
    visitor: Reviewer,
    customer: str,
    note: Note,
    occasion: Annotated[str, Form(max_length=200)],
) -> Response:
    """Let her hear nothing of an occasion any more."""
    return _written(
        request,
        visitor,
        customer,
        lambda: opt_out(
            runtime_of(request),
            customer,
            occasion=occasion,
            note=note,
            actor=visitor.name,
            now=now_of(request),
        ),
    )


@router.get("/customers/{customer}/reveal")
@router.get("/customers/{customer}/suppress")
@router.get("/customers/{customer}/consent")
@router.get("/customers/{customer}/opt-out")
def written_by_post(request: Request, visitor: Viewer, customer: str) -> Response:
    """Whoever comes here by the address bar goes on to the customer."""
    return go(request, link("customers", customer))


def _search(request: Request, visitor: Visitor, *, status: int = 200, **told: object) -> Response:
    values = {"who": "", "named": None, "grant": None, "told": None} | told
    return render(request, visitor, "customers.html", status=status, **values)


def _written(
    request: Request, visitor: Visitor, customer: str, write: Callable[[], object]
) -> Response:
    try:
        write()
    except (UnableToSuppress, UnableToRecordConsent) as error:
        return _page(request, visitor, customer, told=str(error))
    return go(request, link("customers", customer))


def _page(
    request: Request,
    visitor: Visitor,
    customer: str,
    *,
    grant: str | None = None,
    told: str | None = None,
) -> Response:
    runtime = runtime_of(request)
    shown = customer in granted(request, visitor, grant)
    try:
        found = customer_record(
            runtime,
            customer,
            actor=visitor.name,
            now=now_of(request),
            reveal=shown,
            granted=shown,
        )
    except UnableToExplain:
        raise HTTPException(404) from None
    return render(
        request,
        visitor,
        "customer.html",
        status=409 if told else 200,
        found=found,
        told=told,
        occasions=sorted(occasions(runtime.policy)),
        purposes=list(Purpose),
        channels=list(Channel),
        gifts=runtime.policy.gifts,
    )
