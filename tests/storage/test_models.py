"""The register of models names one champion; on SQLite and PostgreSQL."""

from datetime import date

from care.storage import models
from care.storage.database import reading, writing
from care.storage.models import ModelRecord


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
            models.register(connection, a_model(date(2017, 11, night)))
        models.register(connection, a_model(date(2017, 11, 10)))
        models.register(connection, a_model(date(2017, 11, 16), champion=False))
    with reading(engine) as connection:
        champion = models.find_champion(connection, "items")
        assert champion.night == date(2017, 11, 15)
        assert champion.figures == {"personal": {"recall@10": 0.18}}
        assert not models.find_trained(connection, "items", date(2017, 11, 16)).champion
