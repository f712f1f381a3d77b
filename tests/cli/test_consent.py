"""`care consent` and `care suppress`, as staff and operators meet them."""

import json

import pytest

from care.cli.option import open_home
from care.desk.acts import acts_of_staff

FIRST = "2017-11-13T12:00-05:00"
NOW = ("--now", "2017-11-14T12:00-05:00")


@pytest.fixture
def say(care, home):
    """Run a command in the home of a small shop, at noon of its night."""

    def run(*words):
        return care(*words, "--home", home, *NOW)

    return run


def state(care, home, customer):
    shown = json.loads(care("consent", "show", customer, "--home", home, "--json").out)
    return {f"{one['purpose']}/{one['channel']}": one["state"] for one in shown["held"]}


def test_consent_is_withdrawn_granted_and_shown_with_its_proof(say, care, home):
    assert say("consent", "withdraw", "C001").out == "holds now: withdrawn\n"
    assert state(care, home, "C001")["marketing/email"] == "withdrawn"
    granted = ("consent", "grant", "C001", "--channel", "email", "--said-at", FIRST)
    assert say(*granted).out == "holds now: withdrawn\n"  # an older yes
    proof = '{"form": "2017-3"}'
    later = say("consent", "grant", "C001", "--channel", "sms", "--proof", proof, "--source", "web")
    assert later.out == "holds now: withdrawn\n"  # at the very moment of her no
    shown = care("consent", "show", "C001", "--home", home).out
    assert "marketing by email: withdrawn since 2017-11-14 17:00 UTC" in shown
    assert "web, proof {'form': '2017-3'}" in shown


def test_who_has_said_nothing_is_said_to_have_said_nothing(care, home):
    assert "she has said nothing" in care("consent", "show", "C006", "--home", home).out


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("consent", "show", "nobody"), 4, "there is no customer 'nobody'"),
        (("consent", "confirm", "x"), 4, "was not made here"),
        (("consent", "grant", "C001"), 4, "name one of email, sms"),
        (("consent", "grant", "C001", "--channel", "fax"), 2, "'fax' is none of email, sms"),
        (("consent", "grant", "C001", "--purpose", "fun"), 2, "marketing, sensitive, personal"),
        (("consent", "export", "words.txt"), 2, ".csv or .json"),
        (("consent", "import", "gone.csv"), 1, "there is no such file"),
        (("suppress", "add"), 2, "--everybody"),
        (("suppress", "add", "C001", "--everybody"), 2, "nobody is named"),
        (("suppress", "add", "C001", "--occasion", "easter"), 4, "there is no occasion"),
        (("suppress", "add", "C001", "--reason", "fun"), 2, "none of manual, unsubscribe"),
        (("suppress", "lift", "7"), 2, "--reason"),
        (("suppress", "lift", "7", "--reason", "a slip"), 4, "there is no suppression 7"),
        (("suppress", "lift", "7", "--reason", " "), 4, "say why it is lifted"),
        (("suppress", "lift-import", "7", "--reason", "a slip"), 4, "there is no import '7'"),
        (("suppress", "list", "nobody"), 4, "there is no customer"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(care, home, command, code, words):
    said = care(*command, "--home", home)
    assert said.code == code
    assert words in said.words


def test_suppressions_are_added_listed_lifted_and_kept(say):
    assert say("suppress", "list").out == "nothing is suppressed\n"
    opted = ("suppress", "add", "C001", "--occasion", "festival:mothers-day", "--note", "a loss")
    assert say(*opted).out == "suppression 1; `care suppress lift 1` ends it\n"
    say("suppress", "add", "--address", "someone@mail.example", "--reason", "bounce")
    say("suppress", "add", "--everybody", "--channel", "sms")
    first, second, third = say("suppress", "list").out.splitlines()
    told = "1  C001, festival:mothers-day: marketing, opt-out (a loss), staff, since 2017-11-14"
    assert first.strip() == told
    assert second.endswith("by email: everything, bounce, staff, since 2017-11-14")
    assert "someone" not in second
    assert "everybody, by sms: everything, manual" in third
    assert say("suppress", "lift", 3, "--reason", "over").out == "suppression 3 is lifted\n"
    assert len(say("suppress", "list").out.splitlines()) == 2
    assert "lifted 2017-11-14" in say("suppress", "list", "--all").out


def test_a_suppression_ends_on_the_shops_day(say):
    say("suppress", "add", "C001", "--until", "2017-11-16T23:59-05:00")
    assert say("suppress", "list").out.endswith("until 2017-11-16\n")


def test_what_staff_do_at_a_terminal_is_on_record_with_their_login(
    say, home, tmp_path, monkeypatch
):
    monkeypatch.setattr("getpass.getuser", lambda: "mei")
    (tmp_path / "words.csv").write_text(CONSENTS)
    (tmp_path / "stop.csv").write_text("customer_id,reason\nC002,manual\n")
    say("suppress", "add", "C001")
    say("suppress", "lift", 1, "--reason", "she asked")
    say("suppress", "add", "C001", "--reason", "bounce", "--source", "gateway")
    say("consent", "withdraw", "C001", "--channel", "sms", "--source", "phone")
    say("consent", "withdraw", "C001", "--channel", "email", "--source", "web-form")
    say("consent", "import", tmp_path / "words.csv")
    say("suppress", "import", tmp_path / "stop.csv")
    done = acts_of_staff(open_home(home)).rows
    assert [(one.act, one.file, one.count) for one in reversed(done)] == [
        ("suppress", None, None),
        ("lift", None, None),
        ("consent", None, None),
        ("import_consents", "words.csv", 2),
        ("import_suppressions", "stop.csv", 1),
    ]
    assert {one.actor for one in done} == {"mei"}


CONSENTS = """\
customer_id,channel,purpose,word,said_at,proof
C001,email,marketing,withdraw,2017-11-14 10:00:00,'=cmd|'/c calc'!A1
C002,,personalisation,withdraw,2017-11-13T10:00:00Z,
C003,fax,marketing,grant,2017-11-13,
C003,email,marketing,maybe,2017-11-13,
C003,email,marketing,grant,soon,
C003,email,marketing,grant,2018-01-01,
nobody,email,marketing,grant,2017-11-13,
C003,email,marketing
"""


def test_a_file_of_consents_is_taken_row_by_row_and_only_once(say, care, home, tmp_path):
    (tmp_path / "words.csv").write_text(CONSENTS)
    out = tmp_path / "aside.csv"
    for _ in range(2):
        said = json.loads(say("consent", "import", "words.csv", "--out", out, "--json").out)
        assert (said["read"], said["kept"]) == (8, 2)
        assert said["set_aside"] == {
            "bad_time": 1,
            "future_date": 1,
            "torn_row": 1,
            "unknown_customer": 1,
            "unknown_value": 2,
        }
    assert len(out.read_text("utf-8-sig").splitlines()) == 7
    assert out.stat().st_mode & 0o777 == 0o600
    assert state(care, home, "C001")["marketing/email"] == "withdrawn"
    assert state(care, home, "C002")["personalisation/any"] == "withdrawn"


def test_what_is_exported_comes_in_again_and_no_cell_is_a_formula(say, care, home, tmp_path):
    (tmp_path / "words.csv").write_text(CONSENTS)
    say("consent", "import", "words.csv")
    assert "words written to all.csv" in care("consent", "export", "all.csv", "--home", home).out
    text = (tmp_path / "all.csv").read_text("utf-8-sig")
    assert "=cmd" in text
    cells = [cell for line in text.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    again = json.loads(say("consent", "import", "all.csv", "--json").out)
    assert again["set_aside"] == {}
    care("consent", "export", "all.json", "--home", home)
    assert len(json.loads((tmp_path / "all.json").read_text())) == again["kept"]


def test_a_file_of_suppressions_is_taken_row_by_row_and_only_once(say, tmp_path):
    (tmp_path / "stop.csv").write_text(
        "customer_id,address,occasion,reason,until\n"
        ",Someone@Mail.example,,bounce,\n"
        ",+1 518 555 0101,,unsubscribe,\n"
        "C001,,birthday,opt-out,2018-01-01\n"
        ",call me,,,\n"
        ",,,,\n"
        "C002,,easter,,\n"
        "C002,,,,2016-01-01\n"
        "nobody,,,,\n"
    )
    looked = json.loads(say("suppress", "import", "stop.csv", "--check", "--json").out)
    assert (looked["read"], looked["new"]) == (8, 3)
    assert say("suppress", "list").out == "nothing is suppressed\n"
    for new in (3, 0):
        said = json.loads(say("suppress", "import", "stop.csv", "--json").out)
        assert (said["read"], said["new"], said["known"]) == (8, new, 3 - new)
        assert sum(said["set_aside"].values()) == 5
    listed = json.loads(say("suppress", "list", "--json").out)
    assert [(one["channel"], one["reason"], one["purpose"]) for one in listed] == [
        ("email", "bounce", "everything"),
        ("sms", "unsubscribe", "marketing"),
        (None, "opt-out", "marketing"),
    ]


def test_what_a_file_brought_is_lifted_as_a_whole(say, care, home, tmp_path):
    say("suppress", "add", "C003")
    (tmp_path / "stop.csv").write_text("customer_id\nC001\nC002\nC002\nnobody\n")
    looked = say("suppress", "import", "stop.csv", "--check").out
    assert "2 new, 0 known already, 1 repeated, 1 set aside" in looked
    assert "row 4: customer_id" in looked
    assert "2 would get nothing any more" in looked
    brought = say("suppress", "import", "stop.csv").out.splitlines()[-1]
    name = brought.split()[1].rstrip(";")
    assert care("suppress", "imports", "--home", home).out == f"{name}  2 suppressions, 0 lifted\n"
    assert f"import {name}" in say("suppress", "list").out
    lift = ("suppress", "lift-import", name, "--reason", "the wrong file")
    assert say(*lift).out == f"2 suppressions of import {name} are lifted\n"
    assert "C003" in say("suppress", "list").out
    assert len(say("suppress", "list").out.splitlines()) == 1
    assert "2 new, 0 known already" in say("suppress", "import", "stop.csv").out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("customer_id,word\n", "has no column purpose, said_at"),
        ("a,a\n", "twice"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(say, tmp_path, text, words):
    (tmp_path / "words.csv").write_text(text)
    said = say("consent", "import", "words.csv")
    assert said.code == 1
    assert words in said.words
