"""Pages as visitors of each language read them, wherever the console is mounted."""

import sys

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from care.console import foretold
from care.domain.role import Role
from care.domain.suppression import Why
from care.suppression import Scope, suppress
from tests.console.visit import links
from tests.workflows.builders import NIGHT, approve, at, messages_of, release_at

CAMPAIGN = f"/nights/{NIGHT}/birthday"
PAGES = (
    "/",
    f"/nights/{NIGHT}",
    CAMPAIGN,
    f"{CAMPAIGN}?seed=7",
    f"{CAMPAIGN}/messages",
    f"{CAMPAIGN}/messages?tier=gold&channel=email&gift=none&text=nobody",
    f"{CAMPAIGN}/changes",
    f"{CAMPAIGN}/wording/email/en",
    f"{CAMPAIGN}/wording/sms/zh-CN",
    "/customers",
    "/customers/c01",
    "/pictures",
    "/pictures/funnel",
    "/pictures/touches",
    "/pictures/exclusions",
    "/pictures/gifts",
    "/pictures/batches",
    "/pictures/items",
    "/pictures/timing",
    "/pictures/calibration",
    "/pictures/errors",
    "/library",
    "/library/templates/birthday/email/en",
    "/library/templates/birthday/sms/zh-CN?tier=diamond&known=little",
    "/library/policy",
    "/library/gifts",
    "/library/suppressions",
    "/audit",
    "/audit/customers",
    "/audit/customers?act=suppress&actor=mei&customer=c01&since=2017-11-01&until=",
    "/audit?check=true&actor=mei&night=2017-11-14&since=&until=",
    "/manual",
)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_page_is_there_and_leads_nowhere_outside(visit, house, language):
    approve(house, "membership_anniversary")
    release_at(house, "06:30")
    mei = visit(language=language)
    for path in PAGES:
        page = mei.read(path)
        assert f'<html lang="{language}">' in page, path
        assert path == "/manual" or "None" not in page, path
        outside = [one for one in links(page) if one.startswith(("/", "http:", "https:", "//"))]
        assert outside == [], path


def test_a_page_tells_its_language_apart_from_the_letters(visit):
    assert "今晚" in visit(language="zh-CN").read("/")
    assert "Tonight" in visit(language="fr").read("/")


def test_a_language_that_was_chosen_is_kept(mei):
    answer = mei.send("/language", language="zh-CN", back="audit")
    assert answer.status_code == 303
    assert answer.headers["location"] == "./audit"
    assert "审计" in mei.read("/audit")


@pytest.mark.parametrize("back", ["https://attacker.example", "//attacker.example", "\\\\attacker"])
def test_a_language_leads_back_into_the_console_alone(mei, back):
    found = mei.send("/language", language="en", back=back).headers["location"]
    assert found.startswith("./")
    assert ":" not in found
    assert "//" not in found
    assert "\\" not in found


@pytest.mark.slow
def test_every_link_of_a_page_leads_somewhere_also_under_a_prefix(mei):
    outer = FastAPI()
    outer.mount("/airflow/care", mei.console)
    cookies = dict(mei.client.cookies)
    client = TestClient(outer, base_url="http://127.0.0.1", cookies=cookies)
    for path in ("/", CAMPAIGN, f"{CAMPAIGN}/messages", "/library", "/audit"):
        page = client.get(f"/airflow/care{path}")
        assert page.status_code == 200
        for one in {
            link for link in links(page.text) if link and not link.startswith(("#", "data:"))
        }:
            there = page.url.join(one)
            assert str(there).startswith("http://127.0.0.1/airflow/care"), f"{path}: {one}"
            answer = client.get(there)
            assert answer.status_code == 200, f"{path}: {one}: {answer.status_code}"


def test_whoever_types_nonsense_is_told_so(mei):
    for path in ("/nights/2017-11-13", "/nights/nonsense", f"/nights/{NIGHT}/nonsense", "/nothing"):
        answer = mei.client.get(path)
        assert answer.status_code in (404, 422), path
        assert "Back to tonight" in answer.text


def test_before_the_first_night_there_is_a_page_that_says_so(tmp_path):
    from care.console.alone import Turnstile, build_alone
    from care.domain.role import Role
    from tests.workflows.builders import a_house, at

    house = a_house(tmp_path / "home")
    turnstile = Turnstile(name="mei", role=Role.ADMIN)
    app = build_alone(lambda: house, turnstile, clock=lambda: at("06:00"))
    client = TestClient(app, base_url="http://127.0.0.1")
    page = client.get("/enter", params={"token": turnstile.token})
    assert "No night is planned yet" in page.text
    for path in ("/pictures", "/audit", "/library/gifts", "/library", "/customers"):
        assert client.get(path).status_code == 200, path


def test_a_picture_is_drawn_and_its_table_taken_away(mei):
    drawn = mei.client.get("/pictures/exclusions.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text.startswith("<svg")
    table = mei.client.get("/pictures/exclusions.csv")
    assert "attachment" in table.headers["content-disposition"]
    assert "already_touched" not in table.text.splitlines()[0]
    assert table.text.lstrip("\ufeff").startswith("night,outcome,reason,count")
    assert mei.client.get("/pictures/nothing.svg").status_code == 404


def test_the_nights_ahead_are_worked_out_beside_the_page(mei, house):
    address = "/pictures/forecast"
    waiting = mei.client.get(address)
    assert waiting.status_code == 202
    assert "being worked out" in waiting.text
    assert int(waiting.headers["Refresh"]) > 0
    assert "being worked out" in mei.client.get(f"{address}.svg").text
    assert mei.client.get(f"{address}.csv").status_code == 303
    assert mei.client.get("/api/series/forecast").status_code == 202
    foretold.WORK.wait(120)
    assert "2017-11-15" in mei.client.get(f"{address}.csv").text
    assert "being worked out" not in mei.read(address)
    kept = list((house.settings.home / "store" / "nights" / str(NIGHT)).glob("ahead-*"))
    assert len(kept) == 1


def test_of_work_that_failed_the_page_says_so_and_is_tried_again(mei, house, monkeypatch):
    monkeypatch.setattr(foretold, "walk", sys.exit)  # with what it is given, which is no success
    with mei.client as client:
        assert client.get("/pictures/forecast").status_code == 202
        foretold.WORK.wait(120)
        monkeypatch.undo()
        with pytest.raises(foretold.UnableToForetell):
            client.get("/pictures/forecast")
        assert client.get("/pictures/forecast").status_code == 202


def test_the_way_of_a_night_carries_its_numbers_on_its_bars(mei):
    drawn = mei.client.get("/pictures/funnel.svg").text
    rows = mei.client.get("/pictures/funnel.csv").text.split()[1:]
    assert "X-axis" not in drawn
    for row in rows:
        assert f">{int(row.split(',')[1]):,}<" in drawn


def test_what_must_not_be_sent_is_shown_page_by_page(mei, house):
    for number in range(1, 54):
        suppress(
            house,
            Scope(address=f"somebody-{number}@example.com"),
            reason=Why.MANUAL,
            source="desk",
            now=at("05:00"),
        )
    first = mei.read("/library/suppressions")
    assert first.count('<td class="num">') == 50
    (further,) = [one for one in links(first) if "after=" in one]
    assert mei.read(f"/library/{further.removeprefix('../library/')}").count('class="num">') == 4
    told = mei.client.get("/api/library/suppressions", params={"limit": 2}).json()
    assert [one["suppression_id"] for one in told["rows"]] == [53, 52]
    assert told["next"] == "52"


def test_an_exported_trail_computes_nothing_in_a_spreadsheet(mei, house):
    from care.domain.decision import Verdict
    from tests.workflows.builders import decide

    decide(house, Verdict.HOLD, "birthday", reason="=1+1")
    rows = mei.client.get("/audit.csv").text.splitlines()
    assert len(rows) == 2
    assert ",'=1+1," in rows[1]


def test_a_filter_finds_a_customers_message(mei, house):
    one = messages_of(house, "birthday").iloc[0]
    page = mei.read(f"{CAMPAIGN}/messages", text=str(one.name))
    assert one.message_id in page
    assert page.count("<tr>") == 2


@pytest.mark.parametrize(
    "path",
    [
        "/pictures?until=0001-01-01",
        "/pictures/touches.svg?since=9999-12-31&until=9999-12-31",
        "/api/series/touches?until=0001-01-01",
        "/audit?until=9999-12-31",
        "/audit.csv?since=0001-01-01",
        "/api/audit?until=9999-12-31",
        "/nights/0001-01-01",
        "/nights/9999-12-31/birthday",
        "/api/nights/9999-12-31",
    ],
)
def test_a_day_out_of_all_time_is_refused_and_breaks_nothing(visit, path):
    answer = visit().client.get(path, follow_redirects=True)
    assert answer.status_code in (404, 422)
    assert "literal" not in answer.text


def test_empty_days_are_none(visit):
    assert "touches.svg" in visit().read("/pictures?since=&until=")


def test_what_ends_out_of_all_time_is_refused(visit, house):
    mei = visit()
    told = {"note": "she asked", "until": "9999-12-31"}
    assert mei.send("/customers/c01/suppress", **told).status_code == 422
    for until in ("9999-12-31T00:00:00Z", "2030-01-01T00:00:00"):
        answer = mei.client.post(
            "/api/customers/c01/suppress",
            json={"note": "she asked", "until": until},
            headers={"X-Care-Seal": mei.seal()},
        )
        assert answer.status_code == 422
    admin = visit(Role.ADMIN)
    answer = admin.send("/library/suppressions/99999999999999999999/lift", reason="oh")
    assert answer.status_code in (404, 409, 422)


def test_a_template_is_shown_as_a_letter_of_this_shop(visit, house):
    page = visit().read("/library/templates/birthday/email/en?tier=gold")
    letter = visit().read("/library/specimens/birthday/email/en?tier=gold")
    label = next(one.label["en"] for one in house.policy.tiers if one.name == "gold")
    assert house.policy.shop.name["en"] in page
    assert house.policy.shop.name["en"] in letter
    assert "Linden" not in page + letter
    assert label in page
