"""A page for somebody who is not let in: it fetches nothing, so it needs no leave."""

from base64 import b64encode
from hashlib import sha256

from fastapi import Request
from starlette.responses import HTMLResponse

from care.console.page import environment, root_of, speech_of

STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;background:#f7f6f3;color:#1d2329;font:16px/1.55 system-ui,sans-serif}"
    "main{max-width:34rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #dcd9d2;"
    "border-radius:10px}"
    "h1{font:600 1.6rem/1.2 Palatino,serif;margin:0 0 .75rem}a{color:#1f5f7a}"
    "@media(max-width:38rem){main{margin:1rem}}"
    "@media(prefers-color-scheme:dark){body{background:#14181c;color:#e8e6e1}"
    "main{background:#1c2228;border-color:#353d45}a{color:#86c5de}}"
)
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Its own style and nothing else."""


def bare_page(
    request: Request,
    why: str,
    *,
    title: str = "",
    way: str = "",
    back: bool = False,
    status: int = 401,
) -> HTMLResponse:
    """Say why somebody is not let in, or has left.

    ``way``: how to come in, if there is something to say of that. ``back``: whether the first page
    may be open to her.
    """
    say = speech_of(request)
    text = environment().get_template("bare.html").render(
        say=say,
        title=title or say("refused.title"),
        why=why,
        way=way,
        back=root_of(request) if back else None,
        style=STYLE,
    )  # fmt: skip
    return HTMLResponse(text, status, {"Content-Security-Policy": POLICY})
