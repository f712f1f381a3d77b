"""The language a visitor reads, and the files that every page fetches."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import Response

from care.console.access import Viewer
from care.console.page import LANGUAGE_COOKIE, go, static_files
from care.console.speech import LANGUAGES

router = APIRouter()
A_YEAR = 365 * 24 * 60 * 60
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@router.post("/language")
def choose_language(
    request: Request,
    visitor: Viewer,
    language: Annotated[str, Form()],
    back: Annotated[str, Form()] = "",
) -> Response:
    """Speak to a visitor in another language from now on."""
    if language not in LANGUAGES:
        raise HTTPException(400, "en, zh-CN")
    # Only a place within the console: anything that a browser could take for another site is not.
    inside = back if back.isprintable() and not {":", "\\"} & set(back) else ""
    answer = go(request, inside.lstrip("/."))
    answer.set_cookie(
        LANGUAGE_COOKIE, language, max_age=A_YEAR, httponly=True, samesite="lax", path="/"
    )
    return answer


@router.get("/language")
def language_is_chosen_by_post(request: Request, visitor: Viewer) -> Response:
    """Whoever comes here by the address bar goes on to the first page."""
    return go(request, "")


@router.get("/static/{name}")
def static_file(name: str, visitor: Viewer) -> Response:
    """A style sheet or a script; a new version has a new address."""
    content = static_files().get(name)
    if content is None:
        raise HTTPException(404)
    kind = KINDS[name.rsplit(".", 1)[-1]]
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(content, media_type=kind, headers=kept)
