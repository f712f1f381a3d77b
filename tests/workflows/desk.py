"""Who sits at the desk in these tests, what she does, and what she sees."""

import threading
import time

import pytest
from sqlalchemy import select

from care import desk
from care.desk.exclusion import exclude
from care.desk.gift import swap_gift
from care.desk.wording import edit_wording
from care.domain.channel import Channel
from care.storage import reviews
from care.storage.database import reading, writing
from care.storage.tables import messages, touches
from tests.workflows.builders import NIGHT, at, ledger_of

EN_MAIL = {"channel": Channel.EMAIL, "locale": "en"}
BY_MEI = {"actor": "mei", "reason": "she called", "now": at("06:00")}
SUBJECT = "A good day to you{{ ', ' ~ name if name }}"


def state_of(runtime, campaign="birthday"):
    return next(one for one in desk.list_campaigns(runtime) if one.campaign == campaign)


def trail_of(runtime, campaign="birthday"):
    with reading(runtime.engine) as connection:
        read = reviews.read_decisions(connection, night=NIGHT, campaign=campaign)
    return [line for line, _ in read]


def said(runtime, message_id):
    """What a message says now."""
    _, samples, _ = desk.show(runtime, NIGHT, "birthday", samples=100)
    return next(one.content for one in samples if one.message_id == message_id)


def refused(runtime, match, do):
    before = ledger_of(runtime.engine)
    with pytest.raises(desk.UnableToDecide, match=match):
        do()
    assert ledger_of(runtime.engine) == before


LABELS = {"tea": ("a tin of tea", "一罐茶"), "card": ("a card", "贺卡")}


def names(content):
    """The gifts that a message names."""
    text = f"{content.get('text', '')}{content.get('body', '')}".lower()
    return {gift for gift, labels in LABELS.items() if any(one in text for one in labels)}


def a_gold_birthday(runtime):
    with reading(runtime.engine) as connection:
        query = (
            select(messages.c.message_id, touches.c.gift_id)
            .join(touches)
            .where(touches.c.campaign == "birthday", touches.c.tier == "gold")
        )
        rows = connection.execute(query.order_by(messages.c.message_id)).all()
    return next(row for row in rows if row.gift_id == "tea")


def at_once(runtime, *attempts):
    told = [None] * len(attempts)

    def attempt(place):
        try:
            attempts[place]()
        except desk.UnableToDecide as error:
            told[place] = str(error)

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(len(attempts))]
    with writing(runtime.engine) as connection:
        reviews.find_campaign(connection, NIGHT, "birthday", lock=True)
        for thread in threads:
            thread.start()
        time.sleep(1)  # everybody has looked and waits to write
    for thread in threads:
        thread.join()
    return told


CHANGES = {
    "exclude": lambda house: exclude(house, NIGHT, "birthday", customers=["c15"], **BY_MEI),
    "swap": lambda house: swap_gift(
        house,
        NIGHT,
        "birthday",
        message_id=a_gold_birthday(house).message_id,
        gift_id="card",
        **BY_MEI,
    ),
    "edit": lambda house: edit_wording(
        house, NIGHT, "birthday", texts={"subject": SUBJECT}, **EN_MAIL, **BY_MEI
    ),
}
