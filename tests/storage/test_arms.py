"""Who is in which arm, counted by customers and not by touches."""

from datetime import timedelta

from sqlalchemy import update

from care.storage.database import reading, writing
from care.storage.nights import count_arms
from care.storage.tables import touches
from tests.builders import NIGHT, a_customer
from tests.storage.builders import BIRTHDAY, planned


def arms(engine, *, since=NIGHT, policy="p"):
    with reading(engine) as connection:
        return count_arms(connection, since, policy).to_numpy().tolist()


def change(engine, customer_key, **values):
    with writing(engine) as connection:
        asked = update(touches).where(touches.c.customer_key == customer_key)
        connection.execute(asked.values(**values))


def test_customers_are_counted_by_arm_and_who_is_out_of_everything_is_left_aside(engine):
    planned(engine, *(a_customer(key, **BIRTHDAY) for key in range(1, 6)))
    nothing = {"arm": "held_out", "state": "held_out", "gift_id": None, "gift_cost": 0}
    change(engine, 1, **nothing, state_reason="campaign")
    change(engine, 2, **nothing, state_reason="everything")
    change(engine, 3, message_class="service")
    assert arms(engine) == [["birthday", 1, 3]]
    assert arms(engine, since=NIGHT + timedelta(days=1)) == []
    assert arms(engine, policy="another") == []
