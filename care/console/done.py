"""What a visitor has just done, told once on the page she is led to."""

from fastapi import Request
from starlette.responses import Response

from care.console.speech import catalogue

COOKIE = "care_done"
SECONDS = 60


def note_done(request: Request, answer: Response) -> None:
    """Let the next page say that a change was made, if there are words for it."""
    name = getattr(request.scope.get("route"), "name", "")
    if request.method == "POST" and f"done.{name}" in catalogue("en"):
        answer.set_cookie(COOKIE, name, max_age=SECONDS, httponly=True, samesite="lax", path="/")


def done_before(request: Request) -> str | None:
    """The change that led to this page, by its name in the catalogue."""
    name = request.cookies.get(COOKIE)
    known = request.method == "GET" and f"done.{name}" in catalogue("en")
    return name if known else None


def forget(request: Request, answer: Response) -> None:
    """Tell it no second time."""
    if COOKIE in request.cookies:
        answer.delete_cookie(COOKIE, path="/")
