"""The ledger keeps a consent to what is sensitive, and writes down no silence."""

from sqlalchemy import Engine, select

from care.storage import people
from care.storage.database import reading
from care.storage.tables import consents
from tests.builders import a_customer
from tests.storage.builders import sync


def told(engine: Engine) -> list[bool]:
    with reading(engine) as connection:
        return people.read_people(connection)["sensitive_consent"].tolist()


def rows(engine: Engine) -> int:
    query = select(consents).where(consents.c.purpose == "sensitive")
    with reading(engine) as connection:
        return len(connection.execute(query).all())


def test_it_is_given_taken_back_and_never_assumed(engine: Engine):
    sync(engine, a_customer(1), a_customer(2))
    assert (told(engine), rows(engine)) == ([False, False], 0)
    sync(engine, a_customer(1), a_customer(2, sensitive_consent=True))
    assert (told(engine), rows(engine)) == ([False, True], 1)
    sync(engine, a_customer(1), a_customer(2))
    assert (told(engine), rows(engine)) == ([False, False], 1)
