"""A page: a template, the visitor it is for, and links that hold under any prefix."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from care.console.access import FORM_FIELD, seal_for
from care.console.done import done_before, forget, note_done
from care.console.speech import LANGUAGES, NATIVE, Speech, negotiate
from care.console.visitor import Visitor
from care.domain.role import Role
from care.runtime import Runtime

LANGUAGE_COOKIE = "care_language"


@cache
def environment() -> Environment:
    """The pages, escaped, and failing on gaps."""
    return Environment(
        loader=PackageLoader("care.console", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def static_files() -> Mapping[str, bytes]:
    """What pages fetch: a style sheet and a script of our own."""
    folder = files("care.console").joinpath("static")
    return {one.name: one.read_bytes() for one in folder.iterdir()}


@cache
def _version(name: str) -> str:
    return hashlib.sha256(static_files()[name]).hexdigest()[:12]


def path_of(request: Request) -> str:
    """Where within the console a request goes, whatever prefix the console is under."""
    return request.scope["path"].removeprefix(request.scope.get("root_path", "")) or "/"


def root_of(request: Request) -> str:
    """The way from the page asked for to the console's first page."""
    return "../" * (path_of(request).count("/") - 1) or "./"


def link(*parts: object, **query: object) -> str:
    """An address below the console's first page; what is None is left out of the query."""
    path = "/".join(quote(str(part), safe="") for part in parts)
    told = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(told)}" if told else path


def speech_of(request: Request) -> Speech:
    """The language of a visitor, with the shop's money and time."""
    policy = runtime_of(request).policy
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    language = negotiate(chosen, request.headers.get("accept-language"))
    return Speech(
        language,
        currency=policy.shop.currency,
        zone=policy.shop.zone,
        gifts={gift_id: gift.label for gift_id, gift in policy.gifts.items()},
    )


def runtime_of(request: Request) -> Runtime:
    """The house."""
    runtime: Runtime = request.app.state.house()
    return runtime


def now_of(request: Request) -> datetime:
    """This moment, or the one that a drill pretends."""
    moment: datetime = request.app.state.clock()
    return moment


def render(
    request: Request, visitor: Visitor, template: str, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """Write a page."""
    say = speech_of(request)
    root = root_of(request)
    done = done_before(request)
    text = environment().get_template(template).render(
        say=say,
        root=root,
        link=lambda *parts, **query: root + link(*parts, **query),
        static=lambda name: f"{root}static/{name}?v={_version(name)}",
        here=path_of(request).lstrip("/"),
        visitor=visitor,
        may_decide=visitor.role.covers(Role.REVIEWER),
        may_configure=visitor.role.covers(Role.ADMIN),
        seal=seal_for(request, visitor),
        seal_field=FORM_FIELD,
        languages=[(code, NATIVE[code]) for code in LANGUAGES],
        shop=_shop_name(runtime_of(request), say.language),
        now=now_of(request),
        can_leave=request.app.state.door.can_leave,
        done=done,
        **values,
    )  # fmt: skip
    answer = HTMLResponse(text, status_code=status)
    forget(request, answer)
    return answer


def go(request: Request, target: str) -> Response:
    """Send her on to another page of the console, with GET; it says what she has done."""
    answer = RedirectResponse(root_of(request) + target, status_code=303)
    note_done(request, answer)
    return answer


def _shop_name(runtime: Runtime, language: str) -> str:
    names = runtime.policy.shop.name
    return names.get(language) or next(iter(names.values()))
