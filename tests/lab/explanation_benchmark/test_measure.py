"""Measures of all methods on two networks whose reasons are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from monai_covid.explain.lrp.engine import LRP
from monai_covid.explain.methods import METHODS
from monai_covid.explain.quality import mass_accuracy, pixel_flipping, randomised, rank_correlation
from monai_covid.lab.explanation_benchmark.measure import RANDOM, measure, predicted, titles
from monai_covid.lab.explanation_benchmark.networks import NETWORKS
from monai_covid.lab.explanation_benchmark.summary import summarise, tell_apart
from tests.lab.explanation_benchmark.toys import PIXELS, cases, networks

pytestmark = pytest.mark.slow

METHODS_AND_CONTROL = [*METHODS, RANDOM]


@pytest.fixture(scope="module")
def table():
    seen = cases()
    return pd.concat(
        [
            measure(network, seen, PIXELS, method, randomised_images=3, seed=seed).assign(
                network=name
            )
            for seed, (name, network) in enumerate(zip(NETWORKS, networks(), strict=True))
            for method in METHODS_AND_CONTROL
        ]
    )


def test_both_networks_are_right_on_the_images():
    seen = cases()
    for network in networks():
        assert (predicted(network, seen.images) == seen.labels).all()


def test_every_method_on_every_image(table):
    assert list(table["method"].unique()) == METHODS_AND_CONTROL == list(titles())
    assert (table.groupby(["network", "method"]).size() == len(cases().names)).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_reads_words_is_told_from_one_that_sees_lesions(table, method):
    apart = tell_apart(table, resamples=200)
    assert apart[apart["method"] == method]["told_apart"].all()


def test_random_maps_tell_nothing(table):
    apart = tell_apart(table, resamples=200)
    control = apart[apart["method"] == RANDOM]
    assert not control["told_apart"].any()
    # Both networks have maps of their own: there is a difference, and it means nothing.
    assert (control["low"] < 0).all()
    assert (control["high"] > 0).all()
    summary = summarise(table, resamples=200).set_index(["network", "method", "measure"])
    for name, mask in cases().masks.items():
        found = summary.loc[("words", RANDOM, f"mass_{name}"), "mean"]
        assert found == pytest.approx(mask.float().mean().item(), abs=0.01)
    assert abs(summary.loc[("words", RANDOM, "faithfulness"), "mean"]) < 0.15
    assert summary.loc[("words", RANDOM, "same_all"), "mean"] < 0.05


def test_methods_are_worth_more_to_the_network_than_chance(table):
    means = table.groupby(["network", "method"])["faithfulness"].mean()
    for network in ("lesions", "words"):
        for method in ("lrp", "integrated-gradients", "occlusion"):
            assert means[network, method] > means[network, RANDOM] + 0.1


def test_values_are_those_of_the_measures(table):
    seen, network = cases(), networks()[0]
    maps = LRP(network).attribute(seen.images, 1, contrast=True)
    rows = table[(table["network"] == "lesions") & (table["method"] == "lrp")]
    for name, mask in seen.masks.items():
        expected = mass_accuracy(maps, mask)
        np.testing.assert_allclose(rows[f"mass_{name}"], expected, rtol=1e-4)
    found = pixel_flipping(network, seen.images, maps, seen.labels)
    np.testing.assert_allclose(rows["faithfulness"], found.faithfulness(), atol=1e-4)
    curve = rows.filter(regex=r"^most_\d+$").to_numpy()
    np.testing.assert_allclose(curve, found.most_first, atol=1e-4)


def test_randomisation_by_hand(table):
    """The size of the correlation, mean of three networks, on images that are drawn."""
    seen, network = cases(), networks()[0]
    rows = table[(table["network"] == "lesions") & (table["method"] == "lrp")]
    known = rows["same_head"].notna().to_numpy()
    assert known.sum() == 3
    assert rows["same_all"].notna().to_numpy().tolist() == known.tolist()
    maps, images = (LRP(network).attribute(seen.images, 1, contrast=True), seen.images[known])
    expected = [
        rank_correlation(
            maps[known], LRP(randomised(network, "head", seed)).attribute(images, 1, contrast=True)
        ).abs()
        for seed in range(3)
    ]
    found = rows["same_head"].to_numpy()[known]
    np.testing.assert_allclose(found, torch.stack(expected).mean(0), atol=1e-4)


def test_which_images_are_drawn_is_up_to_the_seed():
    drawn = [
        measure(networks()[0], cases(), PIXELS, RANDOM, randomised_images=4, seed=seed)
        for seed in (1, 1, 2)
    ]
    one, same, other = (each["same_all"].notna().tolist() for each in drawn)
    assert one == same != other
    assert sum(other) == 4


def test_cases_without_masks_have_no_places():
    seen = cases(4)._replace(masks={})
    found = measure(networks()[0], seen, PIXELS, "lrp")
    assert not [name for name in found if name.startswith(("mass", "rank"))]
    assert found["same_all"].notna().all()


def test_where_keeps_images_and_truth_together():
    seen = cases(6)
    few = seen.where(torch.tensor([True, False, False, True, False, False]))
    assert few.names == ("00", "03")
    assert torch.equal(few.images, seen.images[[0, 3]])
    assert torch.equal(few.masks["text"], seen.masks["text"][[0, 3]])
