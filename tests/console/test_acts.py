"""What staff did about customers can be read, by who answers for it."""

import csv
import hashlib
import io

import pytest

from care import consent, suppression
from care.desk.acts import acts_of_staff
from care.domain.act import Act
from care.domain.consent import Purpose
from care.storage.database import reading, writing
from care.storage.people import find_customer
from tests.workflows.builders import at

FILE = b"customer_id,reason\nc09,manual\nc10,manual\nnobody,manual\n"


@pytest.fixture
def done(house, mei, ada):
    """A morning at the desk; the newest is last."""
    for path, fields in (
        ("reveal", {"reason": "Emmab Carter called"}),
        ("suppress", {"note": "Carter wants rest", "until": "2017-11-16", "channel": "sms"}),
        ("opt-out", {"note": "no birthdays", "occasion": "birthday"}),
        (
            "consent",
            {"note": "by phone", "purpose": "marketing", "channel": "email", "granted": "false"},
        ),
    ):
        assert mei.send(f"/customers/c01/{path}", **fields).status_code == 303
    assert ada.send("/library/suppressions/1/lift", reason="she wants it again").status_code == 303
    sent = ada.client.post(
        "/library/suppressions/import",
        data={"seal": ada.seal(), "sha256": hashlib.sha256(FILE).hexdigest()},
        files={"file": ("C:\\lists\\stop.csv", FILE, "text/csv")},
    )
    assert sent.status_code == 200
    return house


def test_every_act_is_there_the_newest_first_with_whose_it_was(done):
    rows = acts_of_staff(done).rows
    assert [(one.act, one.actor) for one in rows] == [
        (Act.IMPORT_SUPPRESSIONS, "ada"),
        (Act.LIFT, "ada"),
        (Act.CONSENT, "mei"),
        (Act.OPT_OUT, "mei"),
        (Act.SUPPRESS, "mei"),
        (Act.NAME, "mei"),
    ]
    brought, lifted, heard, opted, stopped, asked = rows
    assert (brought.file, brought.count, brought.customer_ref) == ("stop.csv", 2, None)
    assert brought.words.startswith("import 20171114-")
    assert (lifted.suppression_id, lifted.channel, lifted.words) == (1, "sms", "she wants it again")
    assert (heard.word, heard.channel, heard.words) == ("withdraw", "email", "by phone")
    assert (opted.occasion, opted.words) == ("birthday", "no birthdays")
    assert (stopped.until.date().isoformat(), stopped.channel) == ("2017-11-17", "sms")
    assert (asked.words, stopped.words) == ("••• called", "••• wants rest")


def test_the_page_says_so_in_the_shops_days(done, mei, visit):
    page = mei.read("/audit/customers")
    for told in ("stop.csv", "2 rows taken", "••• wants rest", "until Thu, 16 Nov 2017"):
        assert told in page
    zh = visit(language="zh-CN").read("/audit/customers")
    for told in ("导入“不得发送”", "采用 2 行", "••• wants rest", "至 2017年11月16日周四"):
        assert told in zh, told


def test_a_filter_finds_and_pages_go_on_by_key(done, mei):
    def found(**asked):
        page = mei.client.get("/api/audit/customers", params=asked).json()
        return [one["act"] for one in page["rows"]], page["next"]

    assert found(act="suppress") == (["suppress"], None)
    assert found(actor="ada")[0] == ["import_suppressions", "lift"]
    assert found(customer="c02") == ([], None)
    assert len(found(customer="c01")[0]) == 5
    assert found(since="2017-11-15") == ([], None)
    assert len(found(until="2017-11-14")[0]) == 6
    first, after = found(limit=4)
    assert first + found(limit=4, after=after)[0] == found()[0]
    assert mei.client.get("/api/audit/customers", params={"customer": "x"}).status_code == 404
    assert mei.client.get("/audit/customers", params={"customer": "x"}).status_code == 404
    assert mei.client.get("/audit/customers", params={"act": "x"}).status_code == 422


def test_it_is_taken_away_as_a_file(done, mei):
    text = mei.client.get("/audit/customers.csv?actor=ada").text.lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(one["act"], one["file"], one["count"]) for one in rows] == [
        ("import_suppressions", "stop.csv", "2"),
        ("lift", "", ""),
    ]
    assert "None" not in text


def test_her_page_shows_the_notes_and_whose_they_are_to_who_asked(done, mei):
    assert "wants rest" not in mei.read("/customers/c01")
    where = mei.send("/customers/c01/reveal", reason="she called").headers["location"]
    page = mei.client.get(f"/{where.lstrip('./')}").text
    assert "mei: Carter wants rest" in page
    assert "Heard by mei: by phone" in page
    assert "16 Nov" in page or "14 Nov" in page


def test_a_page_that_shows_names_again_is_no_second_asking(done, mei):
    before = len(acts_of_staff(done).rows)
    where = mei.send("/customers/c01/reveal", reason="she called").headers["location"]
    for _ in range(3):
        mei.client.get(f"/{where.lstrip('./')}")
    assert len(acts_of_staff(done).rows) == before + 1


def test_what_is_told_twice_is_written_once(house):
    def say():
        consent.withdraw(
            house, "c01", purpose=Purpose.SENSITIVE, source="phone", now=at("06:00"), actor="mei"
        )
        scope = suppression.Scope(customer="c01")
        suppression.suppress(
            house,
            scope,
            reason=suppression.Why.MANUAL,
            source="desk",
            now=at("06:00"),
            actor="mei",
        )
        suppression.lift(house, 1, reason="over", source="desk", now=at("06:00"), actor="mei")

    say()
    say()
    assert len(acts_of_staff(house).rows) == 3


def test_of_who_was_erased_the_acts_stay_without_her_words(done):
    with writing(done.engine) as connection:
        key = find_customer(connection, "c01").customer_key
        connection.exec_driver_sql(f"DELETE FROM identities WHERE customer_key = {key}")
    rows = acts_of_staff(done).rows
    assert len(rows) == 6
    words = {one.words for one in rows if one.act != "import_suppressions"}
    assert words == {"", "Emmab Carter called", "she wants it again"}
    with reading(done.engine) as connection:
        assert find_customer(connection, "c01") is None


def test_forms_say_where_their_words_go(mei, visit):
    page = mei.read("/customers/c01")
    assert "audit trail" not in page
    assert page.count("kept with your name, for reviewers to see") == 4
    assert "audit trail" in mei.read("/nights/2017-11-14/birthday")


def test_an_import_that_is_lifted_is_one_line(done, ada, mei):
    (one,) = ada.client.get("/api/library/suppressions/imports").json()
    path = f"/library/suppressions/imports/{one['import_id']}/lift"
    assert ada.send(path, reason="the wrong file").status_code == 200
    assert ada.send(path, reason="again").status_code == 200
    last, before = acts_of_staff(done).rows[:2]
    assert (last.act, last.actor, last.count) == (Act.LIFT, "ada", 2)
    assert (last.file, last.words) == (f"import {one['import_id']}", "the wrong file")
    assert before.act is Act.IMPORT_SUPPRESSIONS
    assert f"import {one['import_id']}" in mei.read("/audit/customers")
