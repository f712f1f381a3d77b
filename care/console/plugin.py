"""The console inside Airflow: its users, its ledger's connection, and its menu.

The one module of the console that knows Airflow. Every process of Airflow imports it, most of them
never show a page, so what is heavy is imported when the first page is asked for, and a setting that
is wrong spoils that page alone.
"""

import hashlib
import hmac
import threading
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from care.console.visitor import Visitor
    from care.settings import Settings

PREFIX = "/care"


class AirflowsUsers:
    """Lets in whom Airflow knows, with the role at the desk that the settings give her."""

    can_leave = False

    def __init__(self, settings: "Settings") -> None:
        self._mapped = settings.console_roles
        # Every api-server must accept what another one signed, so the key is made from theirs.
        self.key = hmac.digest(settings.vault_key, b"care console forms", hashlib.sha256)

    async def visitor(self, request: "Request") -> "Visitor":
        """Who asks, by the token of Airflow that she shows or by the cookie of its login."""
        from airflow.api_fastapi.core_api.security import get_user
        from fastapi import HTTPException
        from fastapi.security import HTTPBearer

        from care.console.access import NotAllowed, NotLetIn
        from care.console.page import speech_of
        from care.console.visitor import Visitor, role_of

        shown = await HTTPBearer(auto_error=False)(request)
        try:
            user = await get_user(request, None, shown)
        except HTTPException:
            back = request.url.path.removeprefix(PREFIX)
            raise NotLetIn(speech_of(request)("refused.sign_in"), _sign_in(request, back)) from None
        name = user.get_name()
        role = role_of(name, _groups(user), self._mapped)
        if role is None:
            raise NotAllowed("refused.no_role")
        return Visitor(name, role, session=f"airflow:{user.get_id()}", by_bearer=shown is not None)


def _groups(user: Any) -> list[str]:
    """The roles that the auth manager of this Airflow gives a user, by whatever name it has them.

    The simple one has ``role``, FAB has ``roles`` with names, Keycloak has none.
    """
    one = getattr(user, "role", None)
    several = getattr(user, "roles", None) or []
    names = [*([one] if one else []), *(getattr(role, "name", role) for role in several)]
    return [str(name) for name in names]


def _sign_in(request: "Request", back: str) -> str:
    """Airflow's login, which leads back to the page that was asked for."""
    from urllib.parse import quote

    base = str(request.scope.get("root_path", "")).removesuffix(PREFIX)
    return f"{base}/api/v2/auth/login?next={quote(f'{base}{PREFIX}{back}', safe='')}"


class Console:
    """The console's application, put together when the first page is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on."""
        if self._app is None:
            from anyio.to_thread import run_sync

            await run_sync(self._build)
        assert self._app is not None
        await self._app(scope, receive, send)

    def _build(self) -> None:
        with self._lock:
            if self._app is None:
                from care.console.app import build_app
                from care.scheduling import open_task_runtime
                from care.settings import read_settings

                self._app = build_app(open_task_runtime, AirflowsUsers(read_settings()))


class CareConsole(AirflowPlugin):
    """Puts the console into Airflow's menu."""

    name = "care_console"
    fastapi_apps = [{"app": Console(), "url_prefix": PREFIX, "name": "care console"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Care",
            "href": f"{PREFIX.lstrip('/')}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "care",
        }
    ]
