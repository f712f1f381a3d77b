"""Who may pass: every request is let in by the door, and every change carries its form's seal."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import Depends, HTTPException, Request
from itsdangerous import BadData, URLSafeTimedSerializer

from care.console.visitor import Visitor
from care.domain.role import Role

FORM_FIELD, HEADER = "seal", "X-Care-Seal"
FORM_SECONDS = 12 * 60 * 60
"""A form may stand open for a working day; after that it is asked for again."""
NUL = "a NUL is no text"
"""PostgreSQL keeps none, so it is refused before anything is looked up."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class NotLetIn(Exception):
    """Nobody we know asks; ``sign_in`` is where she may say who she is, if there is such a page."""

    def __init__(self, why: str, sign_in: str | None = None) -> None:
        super().__init__(why)
        self.why, self.sign_in = why, sign_in


class NotAllowed(Exception):
    """Her role does not let her; ``why`` is a key of the catalogue."""

    def __init__(self, why: str, needed: Role | None = None) -> None:
        super().__init__(why)
        self.why, self.needed = why, needed


class Door(Protocol):
    """How a deployment tells who asks.

    ``key`` signs what the console hands to browsers. ``can_leave``: sessions are the console's own,
    so it is the console that ends them.
    """

    key: bytes
    can_leave: bool

    async def visitor(self, request: Request) -> Visitor:
        """Who asks.

        Raises:
            NotLetIn: nobody we know.
            NotAllowed: somebody who has no role here.
        """


async def known(request: Request) -> Visitor:
    """Who asks; looked up once a request."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is None:
        door: Door = request.app.state.door
        visitor = await door.visitor(request)
        request.state.visitor = visitor
    return visitor


async def sealed(request: Request, visitor: Annotated[Visitor, Depends(known)]) -> None:
    """Refuse a change that another site could have sent in a visitor's name.

    Raises:
        NotAllowed: the form carries no seal of hers, or one that is too old.
    """
    if b"%00" in request.scope["query_string"] or "\0" in request.url.path:
        raise HTTPException(400, NUL)
    if request.method in SAFE:
        return
    if "json" in request.headers.get("content-type", ""):
        if b"\\u0000" in await request.body():
            raise HTTPException(400, NUL)
        given = ""
    else:
        form = await request.form()
        if any("\0" in value for value in form.values() if isinstance(value, str)):
            raise HTTPException(400, NUL)
        given = str(form.get(FORM_FIELD, ""))
    if visitor.by_bearer:
        return
    given = request.headers.get(HEADER, given)
    try:
        told = _signer(request).loads(given, max_age=FORM_SECONDS)
    except BadData:
        told = None
    if told != [visitor.name, visitor.session]:
        raise NotAllowed("refused.seal")


def seal_for(request: Request, visitor: Visitor) -> str:
    """What a form of hers must bring back."""
    return str(_signer(request).dumps([visitor.name, visitor.session]))


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.door.key, salt="care-console-form")


def _needs(needed: Role) -> Callable[..., Any]:
    async def allowed(visitor: Annotated[Visitor, Depends(known)]) -> Visitor:
        if not visitor.role.covers(needed):
            raise NotAllowed("refused.role", needed)
        return visitor

    return allowed


Viewer = Annotated[Visitor, Depends(_needs(Role.VIEWER))]
Reviewer = Annotated[Visitor, Depends(_needs(Role.REVIEWER))]
Admin = Annotated[Visitor, Depends(_needs(Role.ADMIN))]
