from datetime import UTC, date, datetime

from care.domain.title import Event, TitleEvent, doubted, had_title, holder_before


def events(*told):
    """(event, model, recipe, champion before)."""
    return [
        TitleEvent(
            Event(event), "items", model, recipe, date(2017, 11, 14),
            datetime(2017, 11, 14, tzinfo=UTC), "mei", "", {}, before,
        )
        for event, model, recipe, before in told
    ]  # fmt: skip


WON = [
    ("promoted", "a", "personal", None),
    ("promoted", "b", "personal", "a"),
    ("promoted", "c", "als", "b"),
]
RECIPES = {"a": "personal", "b": "personal", "c": "als", "d": "als"}


def test_the_way_back_leads_to_whoever_the_champion_took_the_title_from():
    assert holder_before(events(*WON), "c") == "b"
    assert holder_before(events(*WON), "a") is None


def test_to_roll_back_twice_goes_on_backwards():
    history = events(*WON, ("rolled_back", "b", "personal", "c"))
    assert holder_before(history, "b") == "a"


def test_a_refused_model_never_had_the_title_and_an_appointed_one_had():
    history = events(*WON, ("refused", "d", "als", "c"), ("appointed", "e", "als", "c"))
    assert had_title(history) == ["e", "c", "b", "a"]


def test_a_recipe_is_in_doubt_from_its_rollback_until_it_wins_again():
    back = [*WON, ("rolled_back", "b", "personal", "c")]
    assert doubted(events(*WON), RECIPES) == set()
    assert doubted(events(*back), RECIPES) == {"als"}
    refit = [*back, ("promoted", "x", "personal", "b"), ("refused", "d", "als", "x")]
    assert doubted(events(*refit), RECIPES) == {"als"}
    assert doubted(events(*refit, ("promoted", "y", "als", "x")), RECIPES) == set()


def test_a_rollback_within_a_recipe_casts_no_doubt_on_it():
    back = events(*WON[:2], ("rolled_back", "a", "personal", "b"))
    assert doubted(back, RECIPES) == set()
