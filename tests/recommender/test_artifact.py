import math
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from upath import UPath

from recommender import artifact
from recommender.artifact import UnableToLoadArtifact, UnableToSaveArtifact, fingerprint
from recommender.items.als import Als
from recommender.items.personal import Personal
from recommender.items.popularity import Popularity
from recommender.timing.frequency import Frequency
from recommender.timing.interval import Interval
from recommender.timing.law import Law
from recommender.timing.rhythm import rhythm


@pytest.fixture(scope="module", params=[Popularity, Personal, Als, Law, Interval, Frequency])
def model(request, a_shop, rhythms, today):
    items = request.param in (Popularity, Personal, Als)
    return request.param.fit(a_shop if items else rhythms, today=today)


def answer(model, rhythms, today):
    if hasattr(model, "recommend"):
        return model.recommend(np.arange(1, 90), 5, purpose="any")
    return model.due(rhythm(rhythms, today=today), today=today, horizon=7)


def test_a_loaded_model_answers_as_the_saved_one_did(model, rhythms, today, tmp_path):
    path = tmp_path / "model.zip"
    figures = {"recall": 0.25, "ap": math.nan}
    sha256 = artifact.save(model, path, data="abc", figures=figures)
    loaded = artifact.load(path, sha256=sha256)
    assert type(loaded.model) is type(model)
    assert (loaded.sha256, loaded.meta.data, loaded.meta.kind) == (sha256, "abc", model.kind)
    assert loaded.meta.figures == {"recall": 0.25, "ap": None}
    assert loaded.meta.versions["numpy"] == np.__version__
    pd.testing.assert_frame_equal(
        answer(loaded.model, rhythms, today), answer(model, rhythms, today)
    )


def test_the_same_model_gives_the_same_bytes(model, tmp_path, a_shop, rhythms, today):
    history = a_shop if hasattr(model, "recommend") else rhythms
    again = type(model).fit(history.sample(frac=1.0, random_state=9), today=today)
    one = artifact.save(model, tmp_path / "one.zip", data="abc")
    two = artifact.save(again, tmp_path / "two.zip", data="abc")
    assert one == two
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_loaded_model_saves_to_the_same_bytes(model, tmp_path):
    one = artifact.save(model, tmp_path / "one.zip", data="abc")
    loaded = artifact.load(tmp_path / "one.zip").model
    assert artifact.save(loaded, tmp_path / "two.zip", data="abc") == one


def test_any_store_that_reads_and_writes_bytes_will_do(rhythms, today):
    path = UPath("memory://artifacts/interval.zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    sha256 = artifact.save(Interval.fit(rhythms, today=today), path, data="abc")
    assert artifact.load(path, sha256=sha256).meta.kind == "interval"


@pytest.fixture
def stored(tmp_path, rhythms, today):
    path = tmp_path / "law.zip"
    return path, artifact.save(Law.fit(rhythms, today=today), path, data="abc")


def test_an_artifact_that_is_not_the_one_asked_for_is_refused(stored):
    path, _ = stored
    with pytest.raises(UnableToLoadArtifact, match="train anew or name another champion"):
        artifact.load(path, sha256="0" * 64)


def test_a_changed_array_is_found_even_without_the_hash(stored):
    path, sha256 = stored
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    for expected in (sha256, None):
        with pytest.raises(UnableToLoadArtifact):
            artifact.load(path, sha256=expected)


@pytest.mark.parametrize("keep", [0, 100, 20_000])
def test_a_half_written_artifact_is_refused(stored, keep):
    path, _ = stored
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnableToLoadArtifact, match="broken or no artifact"):
        artifact.load(path)


def test_a_missing_artifact_is_refused(tmp_path):
    with pytest.raises(UnableToLoadArtifact, match="cannot be read"):
        artifact.load(tmp_path / "none.zip")


def test_an_artifact_of_a_newer_format_is_refused(stored, monkeypatch):
    path, _ = stored
    monkeypatch.setattr(artifact, "FORMAT", 0)
    with pytest.raises(UnableToLoadArtifact, match="upgrade"):
        artifact.load(path)


def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path):
    class Stranger(Frequency):
        kind = "stranger"

    with pytest.raises(UnableToSaveArtifact, match="add it to MODELS"):
        artifact.save(Stranger(), tmp_path / "it.zip", data="abc")


def test_a_fingerprint_tells_histories_apart(a_shop):
    assert fingerprint(a_shop) == fingerprint(a_shop.copy())
    changed = a_shop.copy()
    changed.loc[3, "day"] += 1
    renamed = a_shop.rename(columns={"item": "thing"})
    assert len({fingerprint(frame) for frame in (a_shop, changed, renamed)}) == 3
    with pytest.raises(UnableToSaveArtifact, match="no plain numbers"):
        fingerprint(a_shop.assign(day="monday"))


def test_importing_is_light_and_stands_alone():
    code = (
        "import sys, recommender; assert 'numpy' not in sys.modules;"
        "import recommender.artifact, recommender.evaluate, recommender.gate;"
        "heavy = {'implicit', 'scipy', 'airflow', 'care', 'ibis'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": "."})
