"""A file of suppressions on both databases: what it would do, what it did, and the way back."""

import pytest
from sqlalchemy import update

from care import suppression_file
from care.domain.channel import Channel
from care.domain.suppression import Why
from care.storage.database import writing
from care.storage.tables import identities
from care.suppression import Scope, UnableToSuppress, lift, listed, suppress
from tests.workflows.builders import at

NOW = at("06:10")


@pytest.fixture
def a_file(tmp_path):
    """Write a file of suppressions."""

    def write(text):
        path = tmp_path / "stop.csv"
        path.write_text(text)
        return path

    return write


def held(runtime):
    return {one["customer_id"] for one in listed(runtime, at=NOW)}


def counts(rows):
    return rows.new, rows.known, rows.lifted, rows.repeated, len(rows.set_aside)


def test_rows_of_a_file_add_up_and_are_written_once(planned, a_file):
    path = a_file("customer_id\nc05\nc05\nc10\nnobody\n")
    checked = suppression_file.check(planned, path, now=NOW)
    assert counts(checked.rows) == (2, 0, 0, 1, 1)
    assert checked.rows.read == 4
    assert held(planned) == set()
    taken = suppression_file.take(planned, path, now=NOW, sha256=checked.rows.sha256)
    assert counts(taken) == (2, 0, 0, 1, 1)
    again = suppression_file.take(planned, path, now=NOW)
    assert counts(again) == (0, 2, 0, 1, 1)
    assert held(planned) == {"c05", "c10"}
    assert suppression_file.imports(planned) == [
        suppression_file.Import(taken.import_id, suppressions=2, lifted=0)
    ]


def test_what_a_file_brought_is_lifted_and_what_was_there_before_stays(planned, a_file):
    suppression_file.take(planned, a_file("customer_id\nc05\n"), now=NOW)
    second = suppression_file.take(planned, a_file("customer_id\nc05\nc10\nc01\n"), now=NOW)
    (c01,) = (one["suppression_id"] for one in listed(planned, "c01"))
    lift(planned, c01, reason="she asked", source="mei", now=NOW)
    told = {"reason": "the wrong file", "source": "mei", "now": NOW}
    assert suppression_file.lift_import(planned, second.import_id, **told) == 1
    assert held(planned) == {"c05"}
    assert suppression_file.lift_import(planned, second.import_id, **told) == 0
    assert [(one.suppressions, one.lifted) for one in suppression_file.imports(planned)] == [
        (2, 2),
        (1, 0),
    ]


def test_what_was_lifted_by_itself_stays_so_when_its_file_is_read_again(planned, a_file):
    path = a_file("customer_id\nc05\nc10\n")
    suppression_file.take(planned, path, now=NOW)
    (c05,) = (one["suppression_id"] for one in listed(planned, "c05"))
    lift(planned, c05, reason="she asked", source="mei", now=NOW)
    assert counts(suppression_file.take(planned, path, now=NOW)) == (0, 2, 1, 0, 0)
    assert held(planned) == {"c10"}


def test_after_a_wrong_file_was_taken_back_the_right_one_holds(planned, a_file):
    told = {"reason": "the wrong file", "source": "mei", "now": NOW}
    for _ in range(2):
        wrong = suppression_file.take(planned, a_file("customer_id\nc05\nc10\n"), now=NOW)
        assert counts(wrong) == (2, 0, 0, 0, 0)
        assert suppression_file.lift_import(planned, wrong.import_id, **told) == 2
        assert held(planned) == set()
    right = a_file("customer_id\nc05\n")
    assert counts(suppression_file.take(planned, right, now=NOW)) == (1, 0, 0, 0, 0)
    assert counts(suppression_file.take(planned, right, now=NOW)) == (0, 1, 0, 0, 0)
    assert held(planned) == {"c05"}


def test_a_lift_and_another_file_are_refused_with_the_remedy(planned, a_file):
    path = a_file("customer_id\nc05\n")
    with pytest.raises(UnableToSuppress, match="not the file that was checked"):
        suppression_file.take(planned, path, now=NOW, sha256="0" * 64)
    told = {"source": "mei", "now": NOW}
    with pytest.raises(UnableToSuppress, match="there is no import"):
        suppression_file.lift_import(planned, "20010101-00000000", reason="x", **told)
    with pytest.raises(UnableToSuppress, match="say why"):
        suppression_file.lift_import(planned, "20010101-00000000", reason=" ", **told)


def test_a_source_that_only_sounds_like_an_import_is_none(planned):
    told = {"reason": Why.MANUAL, "source": "import of the old system", "now": NOW}
    suppress(planned, Scope("c05"), **told)
    assert suppression_file.imports(planned) == []
    assert listed(planned)[0]["import_id"] is None


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("customer_id\nc05\n", (1, 0)),
        ("customer_id,reason\nc05,unsubscribe\n", (0, 1)),
        ("customer_id,channel\nc05,sms\n", (0, 0)),
        ("customer_id,channel\nc05,sms\nc05,email\n", (1, 0)),
        ("customer_id,occasion\nc05,birthday\n", (0, 0)),
        ("address\nonly@example.com\n", (1, 0)),
        ("address\nstranger@example.com\n", (0, 0)),
        ("customer_id,until\nc05,2017-11-14T06:05:00-05:00\n", None),
    ],
    ids=["all", "marketing", "one way", "both ways", "occasion", "address", "stranger", "past"],
)
def test_who_would_get_nothing_any_more_is_counted(planned_on_sqlite, a_file, text, lost):
    with writing(planned_on_sqlite.engine) as connection:
        only = identities.c.customer_id == "c10"
        values = {"email": "only@example.com", "phone": None}
        connection.execute(update(identities).where(only).values(**values))
        both = identities.c.customer_id == "c05"
        values = {"email": "c05@example.com", "phone": "+15185550105"}
        connection.execute(update(identities).where(both).values(**values))
    found = suppression_file.check(planned_on_sqlite, a_file(text), now=NOW)
    assert (found.silenced, found.service_only) == (lost or (0, 0))


def test_who_gets_nothing_already_is_not_counted_again(planned_on_sqlite, a_file):
    path = a_file("customer_id\nc05\n")
    before = suppression_file.check(planned_on_sqlite, path, now=NOW)
    suppress(planned_on_sqlite, Scope("c05"), reason=Why.COMPLAINT, source="x", now=NOW)
    found = suppression_file.check(planned_on_sqlite, path, now=NOW)
    assert (found.silenced, found.reached) == (0, before.reached - 1)
    for channel in Channel:
        told = {"reason": Why.MANUAL, "source": "x", "now": NOW}
        suppress(planned_on_sqlite, Scope(channel=channel), **told)
    found = suppression_file.check(planned_on_sqlite, path, now=NOW)
    assert (found.reached, found.silenced, found.share) == (0, 0, 0.0)
