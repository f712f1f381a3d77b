"""What must not be sent: page by page, from a file that is checked first, and lifted again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from starlette.responses import Response

from care import suppression, suppression_file
from care.console.access import Admin, Viewer
from care.console.audit import A_PAGE, After
from care.console.page import go, link, now_of, render, runtime_of
from care.console.upload import name_of, saved
from care.console.visitor import Visitor
from care.desk.customer import DESK
from care.desk.stopped import stopped
from care.intake.sheet import UnableToReadSheet
from care.suppression import UnableToSuppress

router = APIRouter()
SHOWN = 50
"""So many rows that are set aside are named; the rest is counted."""
Why = Annotated[str, Form(max_length=500)]
Sha256 = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]
Meant = Annotated[bool, Form()]


@router.get("/library/suppressions")
def suppressions_page(request: Request, visitor: Viewer, after: After = None) -> Response:
    """What must not be sent now, page by page."""
    return _page(request, visitor, after=after)


@router.post("/library/suppressions/check")
def check_suppressions(request: Request, visitor: Admin, file: UploadFile) -> Response:
    """Say what a file would do, and ask whether that is meant."""
    try:
        with saved(file) as path:
            found = suppression_file.check(runtime_of(request), path, now=now_of(request))
    except UnableToReadSheet as error:
        return _page(request, visitor, told=str(error), status=422)
    return render(
        request,
        visitor,
        "suppression_check.html",
        found=found,
        file=name_of(file.filename),
        aside=found.rows.set_aside.head(SHOWN).to_dict("records"),
    )


@router.post("/library/suppressions/import")
def bring_suppressions(
    request: Request, visitor: Admin, file: UploadFile, sha256: Sha256, meant: Meant = False
) -> Response:
    """Add the suppressions of the file that was checked."""
    try:
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
    except (UnableToReadSheet, UnableToSuppress) as error:
        return _page(request, visitor, told=str(error), status=409)
    return _page(request, visitor, brought=found)


@router.post("/library/suppressions/imports/{import_id}/lift")
def lift_import(request: Request, visitor: Admin, import_id: str, reason: Why = "") -> Response:
    """Let all that a file suppressed be sent again."""
    try:
        lifted = suppression_file.lift_import(
            runtime_of(request),
            import_id,
            reason=reason,
            source=DESK,
            now=now_of(request),
            actor=visitor.name,
        )
    except UnableToSuppress as error:
        return _page(request, visitor, told=str(error), status=409)
    return _page(request, visitor, lifted=lifted)


@router.post("/library/suppressions/{suppression_id}/lift")
def lift_suppression(
    request: Request, visitor: Admin, suppression_id: int, reason: Why = ""
) -> Response:
    """Let what was suppressed be sent again."""
    try:
        suppression.lift(
            runtime_of(request),
            suppression_id,
            reason=reason,
            source=DESK,
            now=now_of(request),
            actor=visitor.name,
        )
    except UnableToSuppress as error:
        return _page(request, visitor, told=str(error), status=409)
    return go(request, link("library", "suppressions"))


@router.get("/library/suppressions/check")
@router.get("/library/suppressions/import")
def brought_by_post(request: Request, visitor: Viewer) -> Response:
    """Whoever comes here by the address bar goes on to the suppressions."""
    return go(request, link("library", "suppressions"))


@router.get("/library/suppressions/imports/{import_id}/lift")
def import_lifted_by_post(request: Request, visitor: Viewer, import_id: str) -> Response:
    """Whoever comes here by the address bar goes on to the suppressions."""
    return go(request, link("library", "suppressions"))


@router.get("/library/suppressions/{suppression_id}/lift")
def lifted_by_post(request: Request, visitor: Viewer, suppression_id: int) -> Response:
    """Whoever comes here by the address bar goes on to the suppressions."""
    return go(request, link("library", "suppressions"))


def _page(
    request: Request,
    visitor: Visitor,
    *,
    status: int = 200,
    after: str | None = None,
    **told: object,
) -> Response:
    runtime = runtime_of(request)
    page = stopped(runtime, at=now_of(request), after=after, limit=A_PAGE)
    values = {"told": None, "brought": None, "lifted": None} | told
    return render(
        request,
        visitor,
        "suppressions.html",
        status=status,
        page=page,
        after=after,
        imports=suppression_file.imports(runtime),
        **values,
    )
