"""Who a customer is stands in one place: everything else can be kept when she is forgotten."""

import orjson
import pytest
from sqlalchemy import delete, select, update

from care.runtime import Runtime
from care.storage.database import reading, writing
from care.storage.tables import consents, identities, metadata
from care.storage.vault import UnableToOpenSealedBody, Vault
from tests.workflows.builders import NIGHT, approve, messages_of, release_at

KEPT_APART = {"identities"}
PERSONAL = ("name", "family_name", "given_name", "spouse_name", "email", "phone")


def _personal_texts(runtime: Runtime) -> set[str]:
    with reading(runtime.engine) as connection:
        rows = connection.execute(select(*(identities.c[name] for name in PERSONAL))).all()
    return {str(value) for row in rows for value in row if value and len(str(value)) > 3}


def test_no_other_table_and_no_file_of_the_store_names_a_customer(planned, caplog):
    approve(planned)
    release_at(planned, "06:30")
    secrets = _personal_texts(planned)
    assert len(secrets) > 100
    with reading(planned.engine) as connection:
        for table in metadata.sorted_tables:
            if table.name not in KEPT_APART:
                told = repr(connection.execute(select(table)).all())
                assert not [secret for secret in secrets if secret in told], table.name
    for path in (planned.settings.home / "store").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found = [secret for secret in secrets if secret.encode() in content]
            assert not found, path
    assert not [secret for secret in secrets if secret in caplog.text]


def _addresses_out(runtime: Runtime) -> set[str]:
    outbound = runtime.settings.home / "outbound"
    lines = [part.read_bytes().splitlines() for part in outbound.glob("*/*/part-*.jsonl")]
    return {orjson.loads(line)["to"] for batch in lines for line in batch}


def _written_to_today(runtime: Runtime) -> str:
    """Somebody whose e-mail leaves on the first night."""
    approve(runtime)
    found = messages_of(runtime)
    return str(found.index[(found["channel"] == "email") & (found["send_on"] == NIGHT)][0])


def test_an_address_that_came_late_is_the_one_that_is_written_to(planned_on_sqlite):
    runtime = planned_on_sqlite
    customer_id = _written_to_today(runtime)
    hers = identities.c.customer_id == customer_id
    with writing(runtime.engine) as connection:
        before = connection.scalar(select(identities.c.email).where(hers))
        connection.execute(update(identities).where(hers).values(email="moved@example.com"))
    release_at(runtime, "06:30")
    sent = _addresses_out(runtime)
    assert "moved@example.com" in sent
    assert before not in sent


def test_who_is_forgotten_before_it_left_is_not_written_to(planned_on_sqlite):
    runtime = planned_on_sqlite
    customer_id = _written_to_today(runtime)
    with writing(runtime.engine) as connection:
        hers = identities.c.customer_id == customer_id
        key, before = connection.execute(
            select(identities.c.customer_key, identities.c.email).where(hers)
        ).one()
        connection.execute(delete(consents).where(consents.c.customer_key == key))
        connection.execute(delete(identities).where(hers))
    release_at(runtime, "06:30")
    sent = _addresses_out(runtime)
    assert sent
    assert before not in sent


def test_another_master_key_opens_nothing_and_says_which_key_is_meant(planned_on_sqlite):
    with reading(planned_on_sqlite.engine) as connection:
        key = connection.scalar(select(identities.c.data_key).limit(1))
    with pytest.raises(UnableToOpenSealedBody, match="CARE_MASTER_KEY"):
        Vault(bytes(range(32))).seal(key, b"body", bound_to="m")
