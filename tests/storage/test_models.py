"""The register of models names one champion and how it came to be; on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Column, MetaData, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from care.domain.title import Event
from care.storage import models, schema, tables
from care.storage.database import reading, writing
from care.storage.models import ModelRecord
from care.storage.tables import title_events

AT = datetime(2017, 11, 17, 6, tzinfo=UTC)


def a_model(night, *, champion=True, kind="items"):
    return ModelRecord(
        model_id=f"{kind}-{night}",
        kind=kind,
        name="personal",
        night=night,
        artifact="models/x",
        artifact_sha256="0",
        figures={"personal": {"recall@10": 0.18}},
        verdict="better than popularity",
        champion=champion,
    )


def test_there_is_one_champion_and_a_backfill_does_not_take_the_title(engine):
    with writing(engine) as connection:
        assert models.find_champion(connection, "items") is None
        for night in (14, 15):
            models.register(connection, a_model(date(2017, 11, night)), at=AT)
        models.register(connection, a_model(date(2017, 11, 10)), at=AT)
        models.register(connection, a_model(date(2017, 11, 16), champion=False), at=AT)
    with reading(engine) as connection:
        champion = models.find_champion(connection, "items")
        assert champion.night == date(2017, 11, 15)
        assert champion.figures == {"personal": {"recall@10": 0.18}}
        assert not models.find_trained(connection, "items", date(2017, 11, 16)).champion


def told(engine, **about):
    with reading(engine) as connection:
        return [
            (str(one.event), one.model_id, one.champion_before)
            for one in models.read_events(connection, **about)
        ]


def trained(engine, *nights, **changes):
    with writing(engine) as connection:
        for night in nights:
            models.register(connection, a_model(date(2017, 11, night), **changes), at=AT)


def test_every_promotion_and_refusal_is_on_record_with_the_champion_before(engine):
    trained(engine, 14, 15, 10)
    trained(engine, 16, champion=False)
    trained(engine, 15, kind="timing")
    assert told(engine, kind="items") == [
        ("promoted", "items-2017-11-14", None),
        ("promoted", "items-2017-11-15", "items-2017-11-14"),
        ("refused", "items-2017-11-10", "items-2017-11-15"),
        ("refused", "items-2017-11-16", "items-2017-11-15"),
    ]
    with reading(engine) as connection:
        late = models.read_events(connection, model_id="items-2017-11-10")
    assert late[0].reason == (
        "better than popularity; items-2017-11-15, trained on a later night, keeps the title"
    )
    assert late[0].at == AT
    assert told(engine, model_id="items-2017-11-14")[1][1] == "items-2017-11-15"


def test_a_night_refuses_its_data_once(engine):
    for _ in range(2):
        with writing(engine) as connection:
            models.refuse_data(connection, "items", date(2017, 11, 14), reason="stale", at=AT)
    assert told(engine) == [("refused", None, None)]


def test_a_person_gives_the_title_and_the_one_before_loses_it(engine):
    trained(engine, 14, 15)
    with writing(engine) as connection:
        first = models.find_model(connection, "items-2017-11-14")
        models.crown(connection, first, Event.ROLLED_BACK, actor="mei", reason="odd", at=AT)
    with reading(engine) as connection:
        assert models.find_champion(connection, "items").model_id == "items-2017-11-14"
        (last,) = models.read_events(connection)[2:]
    assert (last.event, last.actor, last.reason) == ("rolled_back", "mei", "odd")
    assert last.champion_before == "items-2017-11-15"


@pytest.mark.parametrize("meddle", [update(title_events).values(actor="x"), delete(title_events)])
def test_the_record_is_never_changed_or_shortened(engine, meddle):
    trained(engine, 14)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(meddle)
    assert told(engine) == [("promoted", "items-2017-11-14", None)]


@pytest.mark.parametrize(
    "wrong", [{"event": "crowned"}, {"kind": "prices"}, {"model_id": None}, {"model_id": "no"}]
)
def test_an_event_that_cannot_be_is_refused(engine, wrong):
    trained(engine, 14)
    with reading(engine) as connection:
        row = connection.execute(select(title_events)).one()._asdict()
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(title_events).values(row | {"event_id": 9, "name": "b"} | wrong))


def test_models_of_an_older_version_bring_their_promotions_along(engine):
    schema.downgrade(engine, "0008")
    rows = [
        ("items-2017-11-14", "items", "personal", "models/a.zip", False),
        ("items-2017-11-15", "items", "none", "", False),
        ("items-2017-11-16", "items", "personal", "models/c.zip", True),
    ]
    with writing(engine) as connection:
        for model_id, kind, name, artifact, champion in rows:
            old = {"model_id": model_id, "kind": kind, "name": name, "artifact": artifact}
            old |= {"night": date.fromisoformat(model_id[-10:]), "artifact_sha256": "0"}
            old |= {"figures": {}, "verdict": "as it was", "champion": champion}
            columns = [column for column in tables.models.c if column.name in old]
            connection.execute(
                insert(Table("models", MetaData(), *(Column(c.name, c.type) for c in columns))), old
            )
    schema.upgrade(engine)
    assert told(engine) == [
        ("promoted", "items-2017-11-14", None),
        ("refused", "items-2017-11-15", "items-2017-11-14"),
        ("promoted", "items-2017-11-16", "items-2017-11-14"),
    ]
    with reading(engine) as connection:
        assert models.find_champion(connection, "items").model_id == "items-2017-11-16"
        assert models.find_trained(connection, "items", date(2017, 11, 15)).refused
        assert models.read_events(connection)[0].at == datetime(2017, 11, 14, tzinfo=UTC)
    trained(engine, 16, kind="timing")
    trained(engine, 17, champion=False)
    schema.downgrade(engine, "0008")
    schema.upgrade(engine)
    assert len(told(engine)) == 5
