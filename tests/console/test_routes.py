"""Every route there is, asked for by everybody who must not get it; none can be forgotten."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from care.console.alone import SESSION_SECONDS
from care.console.bare import POLICY
from care.console.header import ALWAYS
from tests.console.visit import routes
from tests.workflows.builders import NIGHT

CSP = "Content-Security-Policy"
PLACES = {
    "night": str(NIGHT),
    "campaign": "birthday",
    "channel": "email",
    "locale": "en",
    "message_id": "no-such-message",
    "customer": "c01",
    "gift_id": "no-such-gift",
    "suppression_id": "1",
    "import_id": "20171114-00000000",
    "name": "console.css",
}
FOR_VIEWERS = {
    "/language",
    "/leave",
    "/nights/{night}/{campaign}/reveal",
    "/customers/{customer}/reveal",
    "/api/customers/{customer}/reveal",
    "/api/reveal",
    "/api/nights/{night}/campaigns/{campaign}/messages/{message_id}/reveal",
    "/customers/by-name",
    "/api/customers/by-name",
}
"""What somebody who only looks may send: how she is spoken to, and whose names she needs."""
FOR_REVIEWERS = {"/audit/customers", "/audit/customers.csv", "/api/audit/customers"}
"""What only those may read who answer for what staff do."""
FOR_ADMINS = {
    "/library/gifts/{gift_id}/codes",
    "/library/suppressions/check",
    "/library/suppressions/import",
    "/library/suppressions/imports/{import_id}/lift",
    "/library/suppressions/{suppression_id}/lift",
}


def filled(path):
    return re.sub(r"{(\w+)}", lambda part: PLACES[part[1]], path)


def test_there_are_routes_to_try(mei):
    found = set(routes(mei.console))
    assert ("POST", "/nights/{night}/{campaign}/decide") in found
    assert len(found) > 80


def test_nobody_comes_in_without_a_session(mei):
    for cookie in ("", "care_session=forged", f"care_session={mei.turnstile.token}"):
        mei.client.cookies.clear()
        for method, path in routes(mei.console):
            answer = mei.client.request(method, filled(path), headers={"Cookie": cookie})
            assert answer.status_code == 401, f"{method} {path}"
            assert "birthday" not in answer.text.lower(), f"{method} {path}"


def test_nobody_comes_in_with_a_session_that_is_over(mei):
    later = datetime.now(UTC) + timedelta(seconds=SESSION_SECONDS + 60)
    with time_machine.travel(later, tick=False):
        for method, path in routes(mei.console):
            answer = mei.client.request(method, filled(path))
            assert answer.status_code == 401, f"{method} {path}"


def test_no_change_is_taken_without_the_seal_of_a_form(ada):
    for method, path in routes(ada.console):
        if method in ("GET", "HEAD"):
            continue
        for seal in (None, "forged"):
            headers = {} if seal is None else {"X-Care-Seal": seal}
            answer = ada.client.request(method, filled(path), headers=headers)
            assert answer.status_code == 403, f"{method} {path}"


def test_a_seal_is_good_for_its_own_session_alone(visit):
    mine, other = visit(), visit()
    seal = other.seal()
    mine.turnstile.key = other.turnstile.key  # one server and two sessions
    mine.turnstile._used = False
    mine.client.get("/enter", params={"token": mine.turnstile.token})
    answer = mine.client.post("/language", data={"language": "zh-CN", "seal": seal})
    assert answer.status_code == 403


def test_who_may_only_look_changes_nothing(vera):
    seal = vera.seal()
    for method, path in routes(vera.console):
        if method == "GET" or path in FOR_VIEWERS:
            continue
        answer = vera.client.request(method, filled(path), headers={"X-Care-Seal": seal})
        assert answer.status_code == 403, f"{method} {path}"


def test_who_may_only_look_does_not_read_what_staff_did(vera, mei):
    for path in FOR_REVIEWERS:
        assert vera.client.get(path).status_code == 403, path
        assert mei.client.get(path).status_code == 200, path
    assert "audit/customers" not in vera.read("/audit")
    assert "audit/customers" in mei.read("/audit")


def test_a_reviewer_does_not_configure(mei):
    seal = mei.seal()
    for path in FOR_ADMINS | {f"/api{path}" for path in FOR_ADMINS}:
        answer = mei.client.post(filled(path), headers={"X-Care-Seal": seal})
        assert answer.status_code == 403, path


def test_every_address_of_a_form_leads_somewhere_when_it_is_typed(mei):
    found = set(routes(mei.console))
    for method, path in found:
        if method != "POST" or path.startswith("/api/"):
            continue
        assert ("GET", path) in found, path
        answer = mei.client.get(filled(path))
        if path.endswith("/wording/{channel}/{locale}"):
            assert answer.status_code == 200  # it is a page of its own
        else:
            assert answer.status_code == 303, path
            assert not answer.headers["location"].startswith(("/", "http")), path


@pytest.mark.parametrize(
    "path", ["/", "/no-such-page", "/api/nights", "/static/console.css", "/nights/nonsense"]
)
def test_every_answer_has_its_headers(mei, path):
    answer = mei.client.get(path)
    for name in set(ALWAYS) - {CSP}:
        if (path, name) != ("/static/console.css", "Cache-Control"):
            assert answer.headers[name] == ALWAYS[name], name
    assert answer.headers[CSP] == (POLICY if path == "/no-such-page" else ALWAYS[CSP])
    mei.client.cookies.clear()
    refused = mei.client.get(path)
    assert refused.headers[CSP] == (ALWAYS[CSP] if path == "/api/nights" else POLICY)
    assert refused.headers["Cache-Control"] == "no-store"


def test_a_page_allows_no_script_or_style_of_its_own_text(mei):
    assert "unsafe" not in ALWAYS[CSP] + POLICY
    page = mei.read("/")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)


def test_a_nul_is_refused_before_anything_is_looked_up(mei):
    assert mei.client.get(f"/nights/{NIGHT}/birthday/messages?text=a%00b").status_code == 400
    assert mei.client.get("/customers/c%0001").status_code == 400
    assert mei.send("/customers/c01/reveal", reason="a\0b").status_code == 400
    answer = mei.client.post(
        "/api/reveal",
        json={"customers": ["c\0"], "reason": "x"},
        headers={"X-Care-Seal": mei.seal()},
    )
    assert answer.status_code == 400
