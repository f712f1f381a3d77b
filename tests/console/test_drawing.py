"""Pictures say what they show, in either language, without colours."""

from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from care.console import drawing
from care.console.speech import Speech


def speech(language="en"):
    return Speech(language, currency="USD", zone=ZoneInfo("America/New_York"))


def left_out(*rows):
    frame = pd.DataFrame(rows, columns=["night", "outcome", "reason", "count"])
    return frame.assign(night=pd.to_datetime(frame["night"]))


@pytest.mark.parametrize(("language", "words"), [("en", "control group"), ("zh-CN", "对照组")])
def test_who_is_held_out_for_comparison_has_a_name_too(language, words):
    rows = left_out(("2017-11-14", "held_out", "", 17), ("2017-11-14", "excluded", "no_consent", 9))
    found = drawing.exclusions(rows, speech(language))
    assert f">{words}<" in found
    assert ">17<" in found


def test_numbers_are_white_on_dark_shades_alone():
    rows = left_out(
        ("2017-11-14", "excluded", "no_consent", 400), ("2017-11-14", "held_out", "", 3)
    )
    found = drawing.exclusions(rows, speech())
    white, black = (
        [
            part.split(">", 1)[1].split("<")[0]
            for part in found.split("<text")
            if f'fill="{ink}"' in part
        ]
        for ink in ("#ffffff", "#111111")
    )
    assert [one for one in white if one] == ["400"]
    assert black == ["3"]


def test_one_key_names_every_model_once():
    names = ("frequency", "gamma_poisson", "interval", "law", "layered")
    rows = pd.DataFrame(
        {"night": pd.Timestamp("2017-11-14"), "model": names, "metric": "ece", "value": 0.1}
    )
    found = drawing.models(rows, speech())
    assert found.count(">how often customers alike buy<") == 1
    assert found.count(">error of a chance (ECE)<") == 1


def test_promises_are_drawn_a_panel_a_model_with_the_line_of_those_kept():
    rows = pd.DataFrame(
        {
            "night": date(2017, 11, 14),
            "model": ["law", "law", "interval", "interval"],
            "promised": [0.01, 0.25, 0.02, 0.3],
            "seen": [0.02, 0.25, 0.01, 0.1],
            "pairs": 100,
        }
    )
    found = drawing.calibration(rows, speech())
    assert [
        found.count(f">{name}<") for name in ("the customer's own rhythm", "the mean interval")
    ] == [1, 1]
    assert found.count('stroke-dasharray="4,4"') == 2
    assert "chance foretold" in found
    assert "nothing to show" in drawing.calibration(rows.iloc[:0], speech())
