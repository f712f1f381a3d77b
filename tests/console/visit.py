"""A visitor's browser: pages she reads, forms she fills in, and the routes there are to try."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx import Response
from starlette.routing import Mount
from starlette.testclient import TestClient

from care.console.alone import Turnstile

SEAL = re.compile(r'name="seal" value="([^"]+)"')
CONTENT = re.compile(r'name="seen" value="([0-9a-f]{64}@[0-9]+)"')
LINKS = re.compile(r'(?:href|src|action|formaction)="([^"]*)"')


@dataclass(frozen=True)
class Visit:
    """One browser. ``app`` is all that it can reach."""

    client: TestClient
    turnstile: Turnstile
    app: FastAPI

    @property
    def console(self) -> FastAPI:
        """The console without the way in."""
        (inner,) = (route.app for route in self.app.routes if isinstance(route, Mount))
        assert isinstance(inner, FastAPI)
        return inner

    def read(self, path: str, **query: Any) -> str:
        """A page that must be there."""
        answer = self.client.get(path, params=query or None, follow_redirects=True)
        assert answer.status_code == 200, f"{path}: {answer.status_code}\n{answer.text[-2000:]}"
        return answer.text

    def seal(self, path: str = "/customers") -> str:
        """The seal of a form on a page."""
        found = SEAL.search(self.client.get(path, follow_redirects=True).text)
        assert found, f"no form on {path}"
        return found[1]

    def seen(self, path: str) -> str:
        """The content that a campaign's page shows, and the last line of its trail."""
        found = CONTENT.search(self.read(path))
        assert found, f"nothing to decide on {path}"
        return found[1]

    def send(self, path: str, *, sealed: bool = True, **fields: Any) -> Response:
        """Send a form."""
        told = {"seal": self.seal()} if sealed else {}
        answer: Response = self.client.post(path, data=told | fields)
        return answer


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path of an application, whoever added it."""
    for route in app.routes:
        assert isinstance(route, APIRoute), f"{route} is no route that the tests can try"
        for method in sorted(route.methods):
            yield method, route.path


def links(page: str) -> list[str]:
    """Every address that a page names."""
    return [html.unescape(one) for one in LINKS.findall(page)]
