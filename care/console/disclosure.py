"""Names in the open: asked for with a reason, written down, and good for a short while."""

from collections.abc import Collection

from fastapi import Request
from itsdangerous import BadData, URLSafeTimedSerializer

from care.console.visitor import Visitor

SECONDS = 15 * 60
"""So long a page goes on showing who somebody is, to the one who asked alone."""


def grant(request: Request, visitor: Visitor, customers: Collection[str]) -> str:
    """What her links carry so that they show these customers' names."""
    return str(_signer(request).dumps([visitor.session, sorted(customers)]))


def granted(request: Request, visitor: Visitor, token: str | None) -> frozenset[str]:
    """The customers whose names she asked for and may still see."""
    if not token:
        return frozenset()
    try:
        session, customers = _signer(request).loads(token, max_age=SECONDS)
    except BadData:
        return frozenset()
    return frozenset(customers) if session == visitor.session else frozenset()


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.door.key, salt="care-console-disclosure")
