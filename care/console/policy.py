"""What the merchant decided, as staff read it: in short, and then all of it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from care.console.access import Viewer
from care.console.decided import Words, groups
from care.console.page import render, runtime_of, speech_of

router = APIRouter()


@router.get("/library/policy")
def policy_page(request: Request, visitor: Viewer) -> Response:
    """The whole policy."""
    policy, say = runtime_of(request).policy, speech_of(request)
    return render(
        request,
        visitor,
        "policy.html",
        policy=policy,
        words=Words(policy, say),
        groups=groups(policy, say),
    )
