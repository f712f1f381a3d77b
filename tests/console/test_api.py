"""The console for programs: what the pages do, as JSON, and nothing that its document hides."""

import pytest

from care.console.alone import COOKIE
from care.console.manual import openapi
from tests.workflows.builders import NIGHT, messages_of

API = f"/api/nights/{NIGHT}/campaigns/birthday"


@pytest.fixture
def program(mei):
    """A program with the session's token, and no cookie."""
    heads = {"Authorization": f"Bearer {mei.client.cookies[COOKIE]}"}
    mei.client.cookies.clear()

    def call(method, path, body=None, status=200):
        answer = mei.client.request(method, path, json=body, headers=heads)
        assert answer.status_code == status, answer.text
        return answer.json()

    return call


def test_a_program_looks_and_decides(program):
    assert program("GET", "/api/nights") == [str(NIGHT)]
    night = program("GET", f"/api/nights/{NIGHT}")
    assert {one["stands"]["campaign"] for one in night["campaigns"]} >= {"birthday"}
    shown = program("GET", API)
    asked = {"verdict": "hold", "seen": shown["stands"]["content_hash"], "reason": "wait"}
    assert program("POST", f"{API}/decide", asked)["state"] == "held"
    assert program("POST", f"{API}/undo", {**asked} | {"verdict": None}, status=422)
    undone = program("POST", f"{API}/undo", {"seen": asked["seen"], "reason": "no"})
    assert undone["state"] == "waiting"
    assert len(program("GET", "/api/audit")["rows"]) == 2
    assert program("GET", "/api/audit/check")["broken_at"] is None


def test_what_came_between_is_told_with_its_own_status(program):
    asked = {"verdict": "approve", "seen": "0" * 64}
    assert "changed since" in program("POST", f"{API}/decide", asked, status=409)["detail"]
    asked = {"verdict": "hold", "seen": program("GET", API)["stands"]["content_hash"]}
    assert "reason" in program("POST", f"{API}/decide", asked, status=409)["detail"]
    assert program("GET", API.replace("birthday", "nothing"), status=404)
    assert program("GET", "/api/nights/2001-01-01", status=404)
    assert program("GET", "/api/customers/nobody", status=404)


def test_a_program_pages_through_messages_and_changes_them(program, house):
    ids, after = [], None
    while True:
        page = program("GET", f"{API}/messages?limit=2" + (f"&after={after}" if after else ""))
        ids += [one["message_id"] for one in page["rows"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(ids) == sorted(messages_of(house, "birthday")["message_id"])
    shown = program("GET", f"{API}/messages/{ids[0]}")
    assert shown["why"]["customer"]
    seen = program("GET", API)["stands"]["content_hash"]
    out = {"message_ids": ids[:1], "seen": seen, "reason": "moved away"}
    assert program("POST", f"{API}/exclude", out)["messages"] == 1
    wording = {"channel": "sms", "locale": "en", "texts": {"txt": "{{ nonsense }}"}}
    assert "nonsense" in str(program("POST", f"{API}/wording/preview", wording, status=422))


def test_the_document_names_every_route_of_the_api_and_no_page(mei):
    document = openapi(mei.console)
    routes = {
        route.path
        for route in mei.console.routes
        if route.path.startswith("/api/") and route.path != "/api/openapi.json"
    }
    assert set(document["paths"]) == routes
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["description"]


def test_the_api_can_do_whatever_a_form_can(mei):
    forms = {
        ("decide", "undo", "exclude", "gift", "wording"): API,
        ("suppress", "consent", "opt-out", "reveal"): "/api/customers/{customer}",
        ("codes",): "/api/library/gifts/{gift_id}",
        ("check", "import", "imports/{import_id}/lift"): "/api/library/suppressions",
    }
    there = set(openapi(mei.console)["paths"])
    start = API.replace(str(NIGHT), "{night}").replace("birthday", "{campaign}")
    for names, place in forms.items():
        for name in names:
            assert f"{place.replace(API, start)}/{name}" in there, name
