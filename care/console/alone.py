"""The console by itself: on this machine alone, entered with a token that works once."""

import hmac
import secrets
import threading
from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI, Request
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import RedirectResponse, Response

from care.console.access import NotLetIn, Viewer
from care.console.app import build_app
from care.console.bare import bare_page
from care.console.header import SafeHeaders
from care.console.page import speech_of
from care.console.visitor import Visitor
from care.domain.role import Role
from care.runtime import Runtime

HOST = "127.0.0.1"
COOKIE = "care_session"
SESSION_SECONDS = 12 * 60 * 60


class UnableToServe(Exception):
    """The console cannot be served here; the message says why and what to do."""


class Turnstile:
    """Lets in who holds the token that was printed, once, and whoever came in that way before.

    Sessions are signed with a key of this process, so they end with it.
    """

    can_leave = True

    def __init__(self, *, name: str, role: Role) -> None:
        self.key = secrets.token_bytes(32)
        self.token = secrets.token_urlsafe(32)
        self._name, self._role = name, role
        self._lock, self._used = threading.Lock(), False
        self._left: set[str] = set()

    def spend(self, token: str) -> str | None:
        """A session for the token, unless it is wrong or was used before."""
        with self._lock:
            if self._used or not hmac.compare_digest(token.encode(), self.token.encode()):
                return None
            self._used = True
        return str(self._signer.dumps(secrets.token_urlsafe(16)))

    def end(self, session: str) -> None:
        """Let a session in no more."""
        self._left.add(session)

    async def visitor(self, request: Request) -> Visitor:
        """Who asks: by the cookie, or by the session's value as a bearer's token."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        by_bearer = scheme.lower() == "bearer"
        shown = bearer if by_bearer else request.cookies.get(COOKIE, "")
        say = speech_of(request)
        try:
            session = self._signer.loads(shown, max_age=SESSION_SECONDS)
        except BadData:
            raise NotLetIn(say("refused.no_session")) from None
        if session in self._left:
            raise NotLetIn(say("refused.no_session"))
        return Visitor(self._name, self._role, session, by_bearer=by_bearer)

    @property
    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt="care-console-session")


def build_alone(
    open_house: Callable[[], Runtime], turnstile: Turnstile, *, clock: Callable[[], datetime]
) -> FastAPI:
    """The console with the way in and out that it has where nothing is around it."""
    inner = build_app(open_house, turnstile, clock=clock)

    @inner.post("/leave")
    def leave(request: Request, visitor: Viewer) -> Response:
        """End a session."""
        turnstile.end(visitor.session)
        say = speech_of(request)
        answer = bare_page(
            request,
            say("refused.left"),
            title=say("refused.title_left"),
            way=say("refused.way_in"),
            status=200,
        )
        answer.delete_cookie(COOKIE)
        return answer

    @inner.get("/leave")
    def leave_by_post(visitor: Viewer) -> Response:
        """Whoever comes here by the address bar stays."""
        return RedirectResponse("./", 303)

    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    outer.state.house, outer.state.door = inner.state.house, turnstile

    @outer.get("/enter")
    def enter(request: Request, token: str = "") -> Response:
        """Come in with the token that was printed."""
        session = turnstile.spend(token)
        if session is None:
            say = speech_of(request)
            return bare_page(request, say("refused.used_token"), way=say("refused.way_in"))
        answer = RedirectResponse("./", 303)
        answer.set_cookie(COOKIE, session, max_age=SESSION_SECONDS, httponly=True, samesite="lax")
        return answer

    outer.mount("/", inner)
    outer.add_middleware(SafeHeaders)
    # A name that somebody else makes point here must not reach the console.
    outer.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return outer
