"""Why one customer was contacted, or was not, in words a person understands."""

import json
import sqlite3

import pytest

NIGHT = "2017-11-14"


@pytest.fixture
def explain(care, home):
    """`care explain …` in the home of a small shop, as JSON: campaign → what became of it."""

    def ask(customer, *words):
        said = care("explain", customer, *words, "--home", home, "--json")
        assert said.code == 0, said.err
        return {one["campaign"]: one for one in json.loads(said.out)["considered"]}

    return ask


def test_every_campaign_of_the_policy_is_accounted_for(explain, care, home):
    checked = json.loads(care("policy", "check", "--home", home, "--json").out)
    for customer in ("C001", "C006", "C030"):
        assert set(checked["campaigns"]) <= set(explain(customer))


def test_a_birthday_tonight_is_a_touch_and_its_next_step_is_said(explain):
    birthday = explain("C001")["birthday"]
    assert (birthday["outcome"], birthday["occasion_key"]) == ("touched", "birthday-2017")
    assert "for 14 Nov" in birthday["why"]
    assert "waits for its campaign's decision" in birthday["why"]


def test_who_allows_nothing_is_excluded_with_the_reason_in_words(explain):
    anniversary = explain("C006")["membership_anniversary"]
    assert anniversary["outcome"] == "excluded"
    assert anniversary["why"] == "no consent for any channel of the campaign"


def test_what_is_not_due_says_when_it_will_be(explain):
    birthday = explain("C004")["birthday"]
    assert birthday["outcome"] == "not_due"
    # born on 5 May; found two days ahead
    assert birthday["next_on"] == "2018-05-03"


def test_a_pseudonym_names_her_as_well_as_the_shops_own_key(explain, home):
    ledger = sqlite3.connect(home / "care.sqlite")
    (ref,) = ledger.execute(
        "SELECT customer_ref FROM customers JOIN identities USING (customer_key) "
        "WHERE customer_id = 'C001'"
    ).fetchone()
    ledger.close()
    assert explain(ref) == explain("C001")


def test_a_person_reads_it_in_a_table(care, home):
    said = care("explain", "C001", "--night", NIGHT, "--home", home)
    assert said.code == 0
    assert "birthday" in said.out
    assert "touched" in said.out
    assert "Testperson" not in said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "there is no customer 'nobody'"),
        (("C001", "--night", "2017-11-20"), "2017-11-20 is not planned"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(care, home, words, told):
    said = care("explain", *words, "--home", home)
    assert said.code == 4
    assert told in said.words
