"""Customers: what the desk knows of one, and what staff may write down for her."""

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from care.consent import Answer
from care.console.access import Reviewer, Viewer
from care.console.day import LATEST
from care.console.page import now_of, runtime_of
from care.desk.customer import CustomerRecord, change_consent, customer_record, opt_out, suppress
from care.desk.search import find_by_name
from care.desk.touch import Revealed, reveal
from care.domain.channel import Channel
from care.domain.consent import Purpose

router = APIRouter(prefix="/api", tags=["customers"])
ENDLESS = datetime.combine(LATEST, time.max, UTC)


class Named(BaseModel):
    """Whose names are asked for, and why."""

    model_config = ConfigDict(extra="forbid")

    customers: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=500)
    reason: str = Field(min_length=1, max_length=500)


class Reasoned(BaseModel):
    """Why something is asked for."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


class Sought(Reasoned):
    """A part of a name, two letters or more, and why it is looked for."""

    name: str = Field(max_length=200)


class Suppressed(BaseModel):
    """What is to stop, by one channel or any, and until when."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel | None = None
    until: Annotated[AwareDatetime, Field(lt=ENDLESS)] | None = None
    note: str = Field(min_length=1, max_length=500)


class Consented(BaseModel):
    """What she said to staff."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose
    channel: Channel | None = None
    granted: bool
    note: str = Field(min_length=1, max_length=500)


class OptedOut(BaseModel):
    """An occasion that she wants to hear nothing of."""

    model_config = ConfigDict(extra="forbid")

    occasion: str = Field(max_length=200)
    note: str = Field(min_length=1, max_length=500)


@router.post("/customers/by-name")
def find_customers(request: Request, visitor: Viewer, asked: Sought) -> list[Revealed]:
    """Customers by a part of their name; that it was asked stays on record."""
    return find_by_name(
        runtime_of(request),
        asked.name,
        actor=visitor.name,
        reason=asked.reason,
        now=now_of(request),
    )


@router.get("/customers/{customer}")
def show_customer(request: Request, visitor: Viewer, customer: str) -> CustomerRecord:
    """Everything about a customer, by her customer_id or pseudonym, names hidden."""
    return customer_record(runtime_of(request), customer, actor=visitor.name, now=now_of(request))


@router.post("/customers/{customer}/reveal")
def reveal_customer(
    request: Request, visitor: Viewer, customer: str, asked: Reasoned
) -> CustomerRecord:
    """The same with names; that it was asked stays on record."""
    return customer_record(
        runtime_of(request),
        customer,
        actor=visitor.name,
        now=now_of(request),
        reveal=True,
        reason=asked.reason,
    )


@router.post("/reveal")
def reveal_customers(request: Request, visitor: Viewer, asked: Named) -> list[Revealed]:
    """Who some customers are; that it was asked stays on record."""
    return reveal(
        runtime_of(request),
        asked.customers,
        actor=visitor.name,
        reason=asked.reason,
        now=now_of(request),
    )


@router.post("/customers/{customer}/suppress")
def suppress_customer(request: Request, visitor: Reviewer, customer: str, asked: Suppressed) -> int:
    """Let nothing be sent to her any more; the suppression's number."""
    return suppress(
        runtime_of(request),
        customer,
        channel=asked.channel,
        note=asked.note,
        actor=visitor.name,
        now=now_of(request),
        until=asked.until,
    )


@router.post("/customers/{customer}/consent")
def write_consent(request: Request, visitor: Reviewer, customer: str, asked: Consented) -> Answer:
    """Write down what she said about being written to."""
    return change_consent(
        runtime_of(request),
        customer,
        purpose=asked.purpose,
        channel=asked.channel,
        granted=asked.granted,
        note=asked.note,
        actor=visitor.name,
        now=now_of(request),
    )


@router.post("/customers/{customer}/opt-out")
def write_opt_out(request: Request, visitor: Reviewer, customer: str, asked: OptedOut) -> int:
    """Let her hear nothing of an occasion any more; the suppression's number."""
    return opt_out(
        runtime_of(request),
        customer,
        occasion=asked.occasion,
        note=asked.note,
        actor=visitor.name,
        now=now_of(request),
    )
