"""The library for programs: what the merchant decided, gifts, and what must not be sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, UploadFile
from pydantic import Field

from care import gifting, suppression, suppression_file
from care.console.access import Admin, Viewer
from care.console.audit import After
from care.console.decided import groups
from care.console.library import Known, Tier, by, specimen_of
from care.console.page import now_of, runtime_of, speech_of
from care.console.suppression import SHOWN, Meant, Sha256
from care.console.upload import name_of, saved
from care.desk.customer import DESK
from care.desk.page import Page
from care.desk.stopped import stopped
from care.domain.channel import Channel
from care.gifting import Gifting
from care.suppression_file import Import, Rows

router = APIRouter(prefix="/api/library", tags=["library"])


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file: ``read`` is the sum of the rest. ``known``: was there already."""

    read: int
    added: int
    known: int
    set_aside: dict[str, int]


@dataclass(frozen=True, slots=True)
class SettingShown:
    """One setting. ``path``: as the policy's file has it; ``value``: as it has it, too.

    ``said``, ``usual``: that value, and the one it has by itself, as the page says them; ``usual``
    is missing where the policy must say something. Of customers only their number is told.
    """

    group: str
    path: str
    name: str
    value: Any
    said: list[str]
    usual: str | None
    differs: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """The whole policy, and its fingerprint as a night keeps it."""

    sha256: str
    settings: list[SettingShown]


@dataclass(frozen=True, slots=True)
class RowAside:
    """A row that cannot be taken: its number below the header, the column at fault, and why."""

    row: int
    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """What became of a file's rows, or would: ``read`` is the sum of what follows but ``lifted``.

    ``known``: there already, ``lifted`` of them lifted since, which stay so. ``repeated``: say what
    a row above says. ``first_set_aside``: the first of those that cannot be taken.
    """

    import_id: str
    sha256: str
    read: int
    new: int
    known: int
    lifted: int
    repeated: int
    set_aside: int
    first_set_aside: list[RowAside]


@dataclass(frozen=True, slots=True)
class FileChecked:
    """A file before it is taken. Of ``reached`` customers so many could not be written to any more.

    ``silenced`` would get nothing, ``service_only`` nothing but service messages. ``alarming``: so
    large a ``share`` that somebody should look twice.
    """

    rows: FileRead
    reached: int
    silenced: int
    service_only: int
    share: float
    alarming: bool


@dataclass(frozen=True, slots=True)
class Lifting:
    """Why something is lifted, in words that stay on record."""

    reason: Annotated[str, Field(max_length=500)]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One suppression that holds. ``import_id``: of the file that brought it, if one did."""

    suppression_id: int
    customer_ref: str | None
    channel: str | None
    occasion: str | None
    purpose: str
    reason: str
    source: str
    import_id: str | None
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
def show_policy(request: Request, visitor: Viewer) -> Decided:
    """All that the merchant decided, setting by setting, with the usual values filled in."""
    policy = runtime_of(request).policy
    return Decided(
        policy.sha256,
        [
            SettingShown(
                group.code, row.path, row.name, row.value, list(row.said), row.usual, row.differs
            )
            for group in groups(policy, speech_of(request))
            for table in group.tables
            for row in table.rows
        ],
    )


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


@router.post("/suppressions/check")
def check_suppressions(request: Request, visitor: Admin, file: UploadFile) -> FileChecked:
    """Say what the suppressions of a CSV file would do, and write nothing."""
    with saved(file) as path:
        found = suppression_file.check(runtime_of(request), path, now=now_of(request))
    return FileChecked(
        _file_read(found.rows),
        reached=found.reached,
        silenced=found.silenced,
        service_only=found.service_only,
        share=found.share,
        alarming=found.alarming,
    )


@router.post("/suppressions/import")
def bring_suppressions(
    request: Request, visitor: Admin, file: UploadFile, sha256: Sha256, meant: Meant = False
) -> FileRead:
    """Add the suppressions of the CSV file that was checked; another file is refused with 409.

    So is an alarming one, unless it is meant.
    """
    with saved(file) as path:
        found = suppression_file.take(
            runtime_of(request),
            path,
            now=now_of(request),
            sha256=sha256,
            meant=meant,
            actor=visitor.name,
            name=name_of(file.filename),
        )
    return _file_read(found)


@router.get("/suppressions/imports")
def list_imports(request: Request, visitor: Viewer) -> list[Import]:
    """Every file that brought suppressions, the newest first."""
    return suppression_file.imports(runtime_of(request))


@router.post("/suppressions/imports/{import_id}/lift")
def lift_import(request: Request, visitor: Admin, import_id: str, lifting: Lifting) -> int:
    """Lift all that a file brought; return how many suppressions these are."""
    return suppression_file.lift_import(
        runtime_of(request),
        import_id,
        reason=lifting.reason,
        source=DESK,
        now=now_of(request),
        actor=visitor.name,
    )


@router.post("/suppressions/{suppression_id}/lift")
def lift_suppression(
    request: Request, visitor: Admin, suppression_id: int, lifting: Lifting
) -> None:
    """Let what was suppressed be sent again."""
    if not 0 < suppression_id < 2**31:
        raise HTTPException(404, "there is no such suppression")
    suppression.lift(
        runtime_of(request),
        suppression_id,
        reason=lifting.reason,
        source=DESK,
        now=now_of(request),
        actor=visitor.name,
    )


def _file_read(rows: Rows) -> FileRead:
    aside = rows.set_aside.head(SHOWN)
    return FileRead(
        import_id=rows.import_id,
        sha256=rows.sha256,
        read=rows.read,
        new=rows.new,
        known=rows.known,
        lifted=rows.lifted,
        repeated=rows.repeated,
        set_aside=len(rows.set_aside),
        first_set_aside=list(
            map(RowAside, aside["row"], aside["field"], aside["reason"], aside["remedy"])
        ),
    )
