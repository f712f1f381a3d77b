"""Who somebody is stays hidden until it is asked for, and the asking stays on record."""

import re

from sqlalchemy import select, update

from care.desk.letter import hide
from care.storage.database import reading, writing
from care.storage.tables import identities
from tests.workflows.builders import NIGHT, messages_of

CAMPAIGN = f"/nights/{NIGHT}/birthday"
PAGES = (
    "/",
    CAMPAIGN,
    f"{CAMPAIGN}/messages",
    f"{CAMPAIGN}/wording/email/zh-CN",
    "/customers/c01",
    "/audit",
)


def names(house):
    with reading(house.engine) as connection:
        rows = connection.execute(select(identities.c["given_name", "email", "phone"])).all()
    return {str(one) for row in rows for one in row if one}


def test_no_page_names_anybody_before_it_is_asked(mei, house):
    known = names(house)
    for path in PAGES:
        page = mei.read(path)
        assert [one for one in known if one in page] == [], path


def test_no_letter_and_no_answer_of_the_api_names_anybody(mei, house):
    known = names(house)
    api = f"/api{CAMPAIGN.replace('/birthday', '/campaigns/birthday')}"
    letters = [f"/letters/{one}" for one in messages_of(house, "birthday")["message_id"]]
    asked = [*letters, api, f"{api}/samples", f"{api}/messages", "/api/customers/c01"]
    for path in asked:
        answer = mei.client.get(path)
        if answer.status_code == 404:  # a short message has no letter
            continue
        assert [one for one in known if one in answer.text] == [], path


def test_who_asks_sees_the_name_and_is_on_record(mei, house, visit):
    page = mei.read("/customers/c01")
    ref = re.search(r'action="[./]*customers/(\w+)/reveal"', page)[1]
    answer = mei.send(f"/customers/{ref}/reveal", reason="she called")
    assert answer.status_code == 303
    grant = answer.headers["location"].partition("grant=")[2]
    assert "Carter" in mei.client.get(f"/customers/{ref}?grant={grant}").text
    with reading(house.engine) as connection:
        from care.storage.tables import metadata

        kept = [
            row
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            if "she called" in map(str, row)
        ]
    assert len(kept) == 1
    assert "mei" in map(str, kept[0])

    other = visit(name="jo")
    other.turnstile.key = mei.turnstile.key
    other.turnstile._used = False
    other.client.get("/enter", params={"token": other.turnstile.token})
    assert "Carter" not in other.client.get(f"/customers/{ref}?grant={grant}").text


def test_asking_without_a_reason_shows_nothing(mei):
    page = mei.read("/customers/c01")
    ref = re.search(r'action="[./]*customers/(\w+)/reveal"', page)[1]
    answer = mei.send(f"/customers/{ref}/reveal", reason=" ")
    assert answer.status_code in (409, 422)
    assert "Carter" not in answer.text


def test_a_short_message_keeps_its_length_and_a_word_that_holds_a_name_is_left():
    said = hide({"body": "Dear Hope, hopefully", "subject": "Hope & 王丽"}, ["Hope", "王丽"])
    assert said == {"body": "Dear ****, hopefully", "subject": "••• & •••"}


def test_a_given_name_is_hidden_whole(mei, house, visit):
    """Of a Chinese name of two letters, family and given name would else be all of it."""
    with writing(house.engine) as connection:
        told = {"name": "王涛", "family_name": "王", "given_name": "涛", "spouse_name": "勇"}
        connection.execute(update(identities).where(identities.c.customer_id == "c04").values(told))
    zh = visit(language="zh-CN")
    for page in (mei.read("/customers/c04"), zh.read("/customers/c04")):
        assert "涛" not in page
        assert "勇" not in page
    assert "涛" not in mei.client.get("/api/customers/c04").text
