"""What staff were warned of stays with the night, and an older night was warned of nothing."""

from datetime import date

from sqlalchemy import insert

from care.storage.database import reading, writing
from care.storage.nights import find_night, read_warnings
from care.storage.tables import nights

FIRST, SECOND = date(2017, 11, 14), date(2017, 11, 15)
NIGHT = {"snapshot_sha256": "s", "policy_sha256": "p", "champions": {}, "paused": {}, "due": {}}
WARNING = {"kind": "rise", "product_id": "4711", "name": "净水滤芯", "expected": 0.4}


def test_warnings_are_read_with_their_night(engine):
    with writing(engine) as connection:
        connection.execute(insert(nights).values(night=FIRST, sequence=1, **NIGHT))
        told = {"night": SECOND, "sequence": 2, "warnings": [WARNING]}
        connection.execute(insert(nights).values(**told, **NIGHT))
    with reading(engine) as connection:
        assert read_warnings(connection) == [(SECOND, WARNING)]
        before, after = (find_night(connection, night) for night in (FIRST, SECOND))
    assert before is not None
    assert after is not None
    assert (before.warnings, after.warnings) == ([], [WARNING])
