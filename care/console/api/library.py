"""The library for programs: what the merchant decided, gifts, and what must not be sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, UploadFile

from care import gifting, suppression
from care.console.access import Admin, Viewer
from care.console.audit import After
from care.console.library import Known, Tier, by, called, saved, specimen_of
from care.console.page import now_of, runtime_of
from care.desk.customer import DESK
from care.desk.page import Page
from care.desk.stopped import stopped
from care.domain.channel import Channel
from care.gifting import Gifting

router = APIRouter(prefix="/api/library", tags=["library"])


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file: ``read`` is the sum of the rest. ``known``: was there already."""

    read: int
    added: int
    known: int
    set_aside: dict[str, int]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One suppression that holds."""

    suppression_id: int
    customer_ref: str | None
    channel: str | None
    occasion: str | None
    purpose: str
    reason: str
    source: str
    since: datetime
    until: datetime | None


@router.get("/templates")
def list_templates(request: Request, visitor: Viewer) -> dict[str, dict[str, list[str]]]:
    """Campaign → channel → languages."""
    policy = runtime_of(request).policy
    return {
        name: {str(one): list(policy.shop.locales) for one in policy.used_channels[name]}
        for name in policy.enabled
    }


@router.get("/templates/{campaign}/{channel}/{locale}")
def show_specimen(
    request: Request,
    visitor: Viewer,
    campaign: str,
    channel: Channel,
    locale: str,
    tier: Tier = "gold",
    known: Known = "all",
) -> dict[str, Any]:
    """A message to a made-up customer."""
    return specimen_of(runtime_of(request), campaign, channel, locale, tier, known)


@router.get("/policy")
def show_policy(request: Request, visitor: Viewer) -> dict[str, Any]:
    """What the merchant decided."""
    return runtime_of(request).policy.model_dump(mode="json", by_alias=True)


@router.get("/gifts")
def show_gifts(request: Request, visitor: Viewer) -> Gifting:
    """What there is of each gift, and of the budgets."""
    return gifting.status(runtime_of(request))


@router.post("/gifts/{gift_id}/codes")
def bring_codes(
    request: Request,
    visitor: Admin,
    gift_id: str,
    file: UploadFile,
    column: Annotated[str, Form(max_length=100)] = "code",
) -> Brought:
    """Bring the codes of a CSV file into the pool of a gift."""
    with saved(file) as path:
        found = gifting.import_codes(
            runtime_of(request), gift_id, path, column=column, by=by(request, visitor, file)
        )
    return Brought(found.read, found.added, found.known, dict(found.set_aside))


@router.get("/suppressions")
def list_suppressions(
    request: Request,
    visitor: Viewer,
    customer: Annotated[str | None, Query(max_length=200)] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page[Suppressed]:
    """A page of what must not be sent now, to one customer or any, the newest first."""
    page = stopped(runtime_of(request), customer, at=now_of(request), after=after, limit=limit)
    rows = [Suppressed(**{name: row[name] for name in Suppressed.__slots__}) for row in page.rows]
    return Page(rows, page.next)


@router.post("/suppressions/import")
def bring_suppressions(request: Request, visitor: Admin, file: UploadFile) -> Brought:
    """Add the suppressions of a CSV file."""
    with saved(file) as path:
        found = suppression.import_suppressions(
            runtime_of(request),
            path,
            now=now_of(request),
            actor=visitor.name,
            name=called(file),
        )
    aside = found.set_aside["reason"].value_counts()
    return Brought(found.read, found.kept, 0, {str(k): int(n) for k, n in aside.items()})


@router.post("/suppressions/{suppression_id}/lift")
def lift_suppression(request: Request, visitor: Admin, suppression_id: int) -> None:
    """Let what was suppressed be sent again."""
    if not 0 < suppression_id < 2**31:
        raise HTTPException(404, "there is no such suppression")
    suppression.lift(
        runtime_of(request), suppression_id, source=DESK, now=now_of(request), actor=visitor.name
    )
