"""What went wrong, as a page for a person and as JSON for a program."""

import logging
from collections.abc import Mapping

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from care.consent import UnableToRecordConsent
from care.console.access import NotAllowed
from care.console.bare import bare_page
from care.console.foretold import NotForetoldYet
from care.console.header import ALWAYS
from care.console.page import path_of, render, speech_of
from care.console.speech import Speech
from care.console.visitor import Visitor
from care.desk import UnableToDecide
from care.desk.wording import UnableToEditWording
from care.explanation import UnableToExplain
from care.gifting import UnableToImportCodes
from care.intake.codes import UnableToReadCodes
from care.intake.sheet import UnableToReadSheet
from care.report import UnableToReport
from care.suppression import UnableToSuppress

log = logging.getLogger(__name__)

STATUS: Mapping[type[Exception], int] = {
    UnableToDecide: 409,
    UnableToEditWording: 422,
    UnableToExplain: 404,
    UnableToImportCodes: 409,
    UnableToReadCodes: 422,
    UnableToReadSheet: 422,
    UnableToRecordConsent: 409,
    UnableToReport: 404,
    UnableToSuppress: 409,
}
"""What the house will not do, and the status that says so; its words say why."""
TITLES = {"refused.role": "refused.title_role", "refused.seal": "refused.title_seal"}
"""Of who is in, and may not do this."""


async def explain_fault(request: Request, error: Exception) -> Response:
    """Say what cannot be done, and what can."""
    status, title, why = _told(request, error)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    answer: Response
    if path_of(request).startswith("/api/"):
        answer = JSONResponse({"detail": why}, status)
    elif visitor is None:
        answer = bare_page(request, why, title=title, back=True, status=status)
    else:
        answer = render(request, visitor, "fault.html", status=status, title=title, why=why)
    for name, value in ALWAYS.items():  # what is broken is answered outside of what adds them
        answer.headers.setdefault(name, value)
    return answer


def _told(request: Request, error: Exception) -> tuple[int, str, str]:
    say = speech_of(request)
    if isinstance(error, NotAllowed):
        log.warning("refused %s %s: %s", request.method, path_of(request), error.why)
        role = say.name("role", str(error.needed)) if error.needed else ""
        title = say(TITLES.get(error.why, "refused.title"))
        return 403, title, say(error.why, role=role) if role else say(error.why)
    if isinstance(error, RequestValidationError):
        # Where a value was looked for, then its name, then which of its kinds it was tried as.
        fields = ", ".join(dict.fromkeys(str(one["loc"][:2][-1]) for one in error.errors()))
        return 422, say("fault.unreadable"), say("fault.fields", fields=fields)
    if (status := STATUS.get(type(error))) is not None:
        return status, say("fault.title"), _why(say, error)
    if isinstance(error, NotForetoldYet):
        return 202, say("picture.forecast"), say("picture.not_yet")
    if not isinstance(error, HTTPException):  # a fault of ours, which the server writes down
        return 500, say("fault.title"), say("fault.broken")
    if error.status_code == 404:
        return 404, say("fault.not_found"), say("fault.not_found_why")
    return error.status_code, say("fault.title"), say.told(str(error.detail))


def _why(say: Speech, error: Exception) -> str:
    """In words; of a wording each problem on a line of its own."""
    if isinstance(error, UnableToEditWording):
        return "\n".join(map(say.problem, error.problems))
    return say.told(str(error))
