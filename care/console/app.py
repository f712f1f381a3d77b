"""The console's application: its pages behind one door, with safe headers around all of it."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from care.console import (
    acts,
    api,
    audit,
    campaign,
    change,
    customer,
    language,
    library,
    manual,
    message,
    picture,
    policy,
    suppression,
    tonight,
    wording,
)
from care.console.access import Door, NotAllowed, NotLetIn, known, sealed
from care.console.bare import bare_page
from care.console.fault import STATUS, explain_fault
from care.console.foretold import NotForetoldYet
from care.console.header import SafeHeaders
from care.console.house import House
from care.console.page import path_of, speech_of
from care.runtime import Runtime

log = logging.getLogger(__name__)

PAGES = (
    *(language, manual, tonight, wording, change, message, campaign),
    *(customer, picture, library, policy, suppression, audit, acts),
)
"""In this order: a path that names a thing comes before one that takes any name."""


def build_app(
    open_house: Callable[[], Runtime],
    door: Door,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """Put the console together for a deployment.

    ``open_house`` opens the ledger and all else when the first page is asked for, ``door`` tells
    who asks, and ``clock`` what time it is.
    """
    app = FastAPI(
        title="nightcare console",
        dependencies=[Depends(known), Depends(sealed)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.house, app.state.door, app.state.clock = House(open_house), door, clock
    for page in PAGES:
        app.include_router(page.router, include_in_schema=False)
    for router in api.ROUTERS:
        app.include_router(router)
    app.add_middleware(SafeHeaders)
    app.add_exception_handler(NotLetIn, _not_let_in)
    told = (NotAllowed, NotForetoldYet, HTTPException, RequestValidationError, *STATUS, Exception)
    for kind in told:
        app.add_exception_handler(kind, explain_fault)
    return app


async def _not_let_in(request: Request, error: Exception) -> Response:
    """Show the way in to a person, and say no to a program."""
    assert isinstance(error, NotLetIn)
    if path_of(request).startswith("/api/"):
        return JSONResponse({"detail": error.why}, 401, {"WWW-Authenticate": "Bearer"})
    if error.sign_in and request.method == "GET":
        return RedirectResponse(error.sign_in, 303)
    return bare_page(request, error.why, way=speech_of(request)("refused.way_in"))
