"""Codes and links work for whoever has them, so they are dots until somebody asks."""

import orjson
import pytest
from sqlalchemy import insert, select, update

from care.desk.letter import hide_for, open_letters
from care.domain.role import Role
from care.letters import unsubscribe_tokens
from care.storage.database import reading, writing
from care.storage.tables import (
    code_pools,
    customers,
    identities,
    messages,
    touches,
    voucher_codes,
)
from tests.workflows.builders import NIGHT, messages_of

CAMPAIGN = f"/nights/{NIGHT}/birthday"
API = f"/api/nights/{NIGHT}/campaigns/birthday"
CODE = "TEA&42-XYZ"


@pytest.fixture
def letter(house):
    """An e-mail that waits and tells a code, with its token: message id, pseudonym, token."""
    query = (
        select(messages.c["message_id", "body"], customers.c.customer_ref, identities.c.data_key)
        .add_columns(touches.c.touch_id)
        .join(touches, touches.c.touch_id == messages.c.touch_id)
        .join(customers, customers.c.customer_key == touches.c.customer_key)
        .join(identities, identities.c.customer_key == touches.c.customer_key)
        .where(messages.c.campaign == "birthday", messages.c.channel == "email")
        .order_by(messages.c.message_id)
    )
    with writing(house.engine) as connection:
        row = connection.execute(query).first()
        key, message_id = row.data_key, row.message_id
        content = orjson.loads(house.vault.open(key, row.body, bound_to=message_id))
        content["text"] += f"\nYour code: {CODE}.\n"
        content["html"] += f'<p class="code-value">{CODE.replace("&", "&amp;")}</p>'
        body = house.vault.seal(key, orjson.dumps(content), bound_to=message_id)
        here = update(messages).where(messages.c.message_id == message_id)
        connection.execute(here.values(body=body))
        connection.execute(insert(code_pools).values(gift_id="tea", needed=True))
        connection.execute(
            insert(voucher_codes).values(
                code=CODE, gift_id="tea", state="reserved", touch_id=row.touch_id
            )
        )
    tokens = unsubscribe_tokens(house.settings.batch_key)
    return message_id, row.customer_ref, str(tokens.dumps([row.customer_ref, "email"]))


def told(secret, page):
    return [one for one in (secret, secret.replace("&", "&amp;")) if one in page]


def test_no_page_frame_or_answer_shows_them_unasked(mei, letter):
    message_id, _, token = letter
    pages = (
        CAMPAIGN,
        f"{CAMPAIGN}/messages/{message_id}",
        f"/letters/{message_id}",
        f"{CAMPAIGN}/wording/email/en",
        f"{API}/messages/{message_id}",
        f"{API}/samples?n=50",
    )
    for path in pages:
        page = mei.read(path)
        assert "corner.example/u/W" not in page, path
        assert told(CODE, page) + told(token, page) == [], path
    assert "corner.example/u/•" in mei.read(f"/letters/{message_id}")


def test_dots_are_as_many_as_letters(house, letter):
    message_id, _, token = letter
    said = open_letters(house, [message_id])[message_id].content
    dots = f"https://corner.example/u/{'•' * len(token)}"
    assert said["unsubscribe_url"] == dots
    assert said["headers"]["List-Unsubscribe"] == f"<{dots}>"
    assert f"Your code: {'•' * len(CODE)}." in said["text"]


def test_who_asks_sees_them(mei, house, letter):
    message_id, ref, token = letter
    answer = mei.send(
        f"{CAMPAIGN}/reveal", customer=ref, message_id=message_id, reason="she cannot read it"
    )
    grant = answer.headers["location"].partition("grant=")[2]
    page = mei.client.get(f"/letters/{message_id}?grant={grant}").text
    assert told(CODE, page)
    assert token in page


def test_a_code_that_went_back_to_its_pool_is_hidden_in_the_letter_that_told_it(house, letter):
    message_id, *_ = letter
    with writing(house.engine) as connection:
        connection.execute(update(voucher_codes).values(state="free", touch_id=None))
    said = open_letters(house, [message_id])[message_id].content
    assert told(CODE, said["text"] + said["html"]) == []


def test_what_a_wording_would_say_hides_them_too(house, letter):
    message_id, _, token = letter
    hidden = hide_for(house, [message_id])
    said = hidden(message_id, {"body": f"{CODE} {token}", "html": CODE.replace("&", "&amp;")})
    assert said["body"] == f"{'*' * len(CODE)} {'*' * len(token)}"
    assert set(said["html"]) == {"•"}


def test_every_letter_of_the_night_hides_its_link(house):
    with reading(house.engine) as connection:
        ids = list(connection.scalars(select(messages.c.message_id)))
    assert len(ids) > len(messages_of(house, "birthday"))
    for one in open_letters(house, ids).values():
        assert "corner.example/u/W" not in repr(one.content)


def test_a_program_opens_a_letter_with_a_reason_and_it_is_logged(visit, house):
    mei = visit(Role.REVIEWER)
    bearer = {"Authorization": f"Bearer {mei.client.cookies['care_session']}"}
    address = f"/api/nights/{NIGHT}/campaigns/birthday/messages"
    hidden = mei.client.get(address).json()["rows"][0]
    one = f"{address}/{hidden['message_id']}"
    masked = mei.client.get(one).json()["letter"]["content"]
    assert mei.client.post(f"{one}/reveal", json={"reason": " "}, headers=bearer).status_code == 409
    opened = mei.client.post(f"{one}/reveal", json={"reason": "she calls"}, headers=bearer).json()
    assert opened["content"] != masked
    assert "•" not in str(opened["content"])
    (act,) = mei.client.get("/api/audit/customers", params={"act": "name"}).json()["rows"]
    assert (act["actor"], act["words"]) == ("mei", "she calls")
