import numpy as np
import pytest
from scipy.sparse import csr_array

from recommender.items import BASELINES, MODELS, UnableToChooseModel, fits, neighbours
from recommender.items.baskets import Baskets
from recommender.items.item_cosine import ItemCosine
from recommender.items.personal_global import PersonalGlobal
from recommender.items.tifuknn import TifuKnn, frequencies
from recommender.items.upcf import UpCf

ONE = np.array([1])


def ranked(model, customer=1, k=3):
    return model.recommend(np.array([customer]), k, purpose="any")["item"].tolist()


def test_orders_are_counted_back_from_the_last_and_equal_days_by_their_keys(a_history, today):
    history = a_history((1, 9, 5, 0), (1, 8, 5, 0), (1, 8, 6, 0), (1, 30, 6, 4), (2, 1, 5, 1))
    baskets = Baskets.of(history, today=today)
    assert baskets.count.tolist() == [3, 1]
    assert baskets.owner.tolist() == [0, 0, 0, 0, 1]
    assert baskets.row.tolist() == [0, 0, 1, 1, 2]
    assert sorted(baskets.back[:2]) == [0, 1]
    assert sorted(baskets.back[2:4]) == [1, 2]
    assert baskets.summed(np.ones(5)).tolist() == baskets.bought.times.tolist()


def test_baskets_of_chunks_are_those_of_the_whole(a_shop, today):
    whole = Baskets.of(a_shop, today=today)
    chunks = (a_shop[a_shop["customer"] % 3 == part] for part in range(3))
    parts = Baskets.of(chunks, today=today)
    assert parts.back.tolist() == whole.back.tolist()
    assert parts.row.tolist() == whole.row.tolist()


def test_the_nearest_are_those_of_a_full_comparison():
    rng = np.random.default_rng(2)
    dense = rng.random((40, 12)) * (rng.random((40, 12)) < 0.4)
    rows = csr_array(dense.astype(np.float32))
    found = neighbours.nearest(rows, rows, 5, close=neighbours.cosine, itself=np.arange(40))
    length = np.linalg.norm(dense, axis=1)
    cosine = dense @ dense.T / np.maximum(np.outer(length, length), 1e-12)
    np.fill_diagonal(cosine, 0.0)
    for row in range(40):
        best = np.sort(cosine[row])[::-1][:5]
        mine = np.sort(found[[row]].data)[::-1]
        assert mine == pytest.approx(best[best > 0], abs=1e-5)


def test_distance_finds_neighbours_without_anything_in_common():
    rows = csr_array(np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 9.0]], np.float32))
    itself = np.arange(3)
    found = neighbours.nearest(rows, rows, 1, close=neighbours.euclidean, itself=itself)
    assert found.indices.tolist() == [1, 0, 1]
    assert found.data[0] == pytest.approx(1 / (1 + 1.25))


def test_asymmetric_cosine_is_the_overlap_over_powers_of_both_sizes():
    close = neighbours.asymmetric_cosine(0.25)
    found = close(np.array([[2.0]]), np.array([[4.0]]), np.array([[9.0]]))
    assert found[0, 0] == pytest.approx(2 / (4**0.25 * 9**0.75))


def test_a_large_shop_asks_a_seeded_sample():
    assert neighbours.pool(5).tolist() == [0, 1, 2, 3, 4]
    sample = neighbours.pool(1_000, most=50, seed=3)
    assert sample.tolist() == sorted(set(sample.tolist()))
    assert sample.size == 50
    assert sample.tolist() == neighbours.pool(1_000, most=50, seed=3).tolist()
    assert sample.tolist() != neighbours.pool(1_000, most=50, seed=4).tolist()


def test_personal_global_counts_orders_and_then_follows_everybody(a_history, today):
    history = a_history(
        (1, 1, 5, 400), (1, 2, 5, 300), (1, 3, 6, 0), (1, 3, 7, 0),
        (2, 4, 7, 0), (3, 5, 8, 0), (4, 6, 8, 0), (5, 7, 7, 0), (6, 8, 9, 0),
    )  # fmt: skip
    assert ranked(PersonalGlobal.fit(history, today=today), k=5) == [5, 7, 6, 8, 9]


def test_tifuknn_vectors_are_those_of_the_paper_by_hand(a_history, today):
    # Five orders in groups of two: (oldest alone), (two), (the two last).
    history = a_history(*((1, n, 5 if n != 3 else 6, 50 - n) for n in range(1, 6)))
    baskets = Baskets.of(history, today=today)
    found = frequencies(baskets, within_decay=0.9, group_decay=0.5, group_size=2)
    oldest, middle = 0.25, 0.5 * (0.9 * 1 + 0) / 2
    last = (0.9 + 1) / 2
    assert found.tolist() == pytest.approx([(oldest + middle + last) / 3, 0.5 * 1 / 2 / 3])


def test_tifuknn_mixes_her_own_vector_with_the_mean_of_her_nearest(a_history, today):
    history = a_history((1, 1, 5, 1), (2, 2, 5, 1), (2, 2, 6, 1), (3, 3, 7, 1), (3, 3, 8, 1))
    model = TifuKnn.fit(history, today=today, nearest=1, alpha=0.6)
    assert ranked(model) == [5, 6, 7]
    said = model.recommend(ONE, 2, purpose="any")
    assert said["score"].tolist() == pytest.approx([1.0, 0.4])
    assert said["source"].tolist() == ["neighbours", "neighbours"]


def test_upcf_looks_at_the_last_orders_of_those_who_share_her_things(a_history, today):
    history = a_history(
        (1, 1, 5, 9), (2, 2, 5, 9), (2, 3, 6, 8), (2, 4, 7, 1), (3, 5, 8, 1)
    )  # fmt: skip
    model = UpCf.fit(history, today=today, recency=1, asymmetry=0.25, locality=2.0)
    said = model.recommend(ONE, 3, purpose="any")
    assert said["item"].tolist()[:2] == [5, 7]
    close = 1 / (1**0.25 * 3**0.75)
    assert said["score"].tolist()[:2] == pytest.approx([1.0, close**2])
    assert said["source"].tolist() == ["neighbours", "neighbours", "popular"]


def test_item_cosine_names_what_the_same_customers_buy(a_history, today):
    history = a_history(
        (1, 1, 5, 1), (2, 2, 5, 1), (2, 2, 6, 1), (3, 3, 5, 1), (3, 3, 6, 1), (4, 4, 7, 1)
    )
    model = ItemCosine.fit(history, today=today, locality=1.0)
    said = model.recommend(ONE, 2, purpose="any")
    assert said["item"].tolist() == [5, 6]
    assert said["score"].tolist() == pytest.approx([1.0, 2 / np.sqrt(3 * 2)])


@pytest.mark.parametrize("name", ["tifuknn", "upcf", "item_cosine"])
def test_a_sampled_pool_still_answers_everybody(a_shop, today, name):
    model = fits([name])[name](a_shop, today=today, pool=10)
    answer = model.recommend(np.arange(1, 81), 5, purpose="any")
    assert answer.groupby("customer").size().tolist() == [5] * 80


def test_every_baseline_is_a_model_and_a_strange_name_is_refused():
    assert set(BASELINES) <= set(MODELS)
    with pytest.raises(UnableToChooseModel, match="no item model magic; choose from popularity"):
        fits(["magic"])
