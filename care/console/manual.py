"""The manual for programs: the OpenAPI document of the API, and a page that shows it."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from care.console.access import HEADER, Viewer
from care.console.page import render, speech_of
from care.console.translation import translated

router = APIRouter()
SUMMARY = (
    "Everything that the console's pages can do. Show `Authorization: Bearer …`: in Airflow the "
    "token of its API, alone the value of the cookie that the printed address sets. A browser that "
    f"uses its cookie sends the seal of one of its forms in `{HEADER}` with every change. Every "
    "change names what was seen; whatever happened since is refused with 409."
)
BEARER = "bearer"
FAULTS = {
    "401": "Nobody we know asks.",
    "403": "Her role does not let her, or the change carries no seal.",
    "404": "There is no such thing.",
    "409": "It cannot be done as things are; the answer says what happened.",
}


def openapi(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        routes = [one for one in app.routes if isinstance(one, APIRoute) and _is_api(one)]
        app.openapi_schema = _with_faults(
            get_openapi(title="nightcare console", version="1", description=SUMMARY, routes=routes)
        )
    return app.openapi_schema


@router.get("/api/openapi.json")
def openapi_document(request: Request, visitor: Viewer) -> Response:
    """The OpenAPI document, in the reader's language."""
    document = translated(openapi(request.app), speech_of(request).language)
    document["servers"] = [{"url": str(request.scope.get("root_path", "")) or "/"}]
    return JSONResponse(document)


@router.get("/manual")
def manual_page(request: Request, visitor: Viewer) -> Response:
    """The same for people who write programs."""
    document = translated(openapi(request.app), speech_of(request).language)
    return render(
        request,
        visitor,
        "manual.html",
        document=document,
        operations=list(_operations(document)),
        schemas=document.get("components", {}).get("schemas", {}),
    )


def _with_faults(document: dict[str, Any]) -> dict[str, Any]:
    """The document with who is let in, and with the answers that the door and the house give."""
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = {BEARER: {"type": "http", "scheme": "bearer"}}
    parts.setdefault("schemas", {})["Fault"] = {
        "type": "object",
        "description": "What is refused, and why.",
        "properties": {"detail": {"type": "string"}},
        "required": ["detail"],
    }
    document["security"] = [{BEARER: []}]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found = ["401", "403", *(["404"] if "{" in path else [])]
            found += [] if method == "get" else ["409"]
            for status in found:
                answer = {"description": FAULTS[status], "content": content}
                operation["responses"].setdefault(status, answer)
    return document


def _is_api(route: APIRoute) -> bool:
    return route.path.startswith("/api/") and route.path != "/api/openapi.json"


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], str, str]]:
    """Method, path, operation, and the names of what it takes and gives."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {})
            answer = operation.get("responses", {}).get("200", {})
            yield method.upper(), path, operation, _schema(body), _schema(answer)


def _schema(holder: dict[str, Any]) -> str:
    content: dict[str, Any] = next(iter(holder.get("content", {}).values()), {})
    schema = content.get("schema", {})
    name = schema.get("$ref") or schema.get("items", {}).get("$ref") or ""
    return str(name).rpartition("/")[2]
