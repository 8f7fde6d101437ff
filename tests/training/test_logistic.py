"""The linear layer against scikit-learn's own predictions."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler

from monai_covid.training.logistic import STRENGTHS, Labelled, fit_layer, fit_probe


def drawn(count, seed, noise=2.0):
    generator = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    features = generator.normal(size=(count, 6)) * noise * np.array([1, 1, 1, 50, 0.01, 1]) + 7
    features[:, 0] += classes
    features[:, 1] += classes == 1
    return features, classes


@pytest.mark.parametrize("classes", [2, 3])
def test_the_layer_gives_scikit_learns_probabilities(classes):
    training, validation = (
        (features, labels % classes) for features, labels in (drawn(60, 0), drawn(30, 1))
    )
    probe = fit_probe(Labelled(*training), Labelled(*validation), classes)
    features = np.concatenate([training[0], validation[0]])
    scaler = StandardScaler().fit(features)
    regression = LogisticRegression(C=probe.strength, max_iter=3000)
    regression.fit(scaler.transform(features), np.concatenate([training[1], validation[1]]))
    new, _ = drawn(20, 2)
    found = probe.logits(torch.from_numpy(new)).softmax(1).numpy()
    np.testing.assert_allclose(found, regression.predict_proba(scaler.transform(new)), atol=1e-6)


def test_with_more_features_than_images_it_is_the_same_regression():
    training, validation = drawn(30, 0), drawn(15, 1)
    mixing = np.random.default_rng(2).normal(size=(6, 200))
    noise = np.random.default_rng(3).normal(size=(80, 200))
    many = [np.tanh(some @ mixing / 40) for some in (training[0], validation[0], drawn(35, 4)[0])]
    wide = np.split(np.concatenate(many) + 0.1 * noise, [30, 45])
    probe = fit_probe(Labelled(wide[0], training[1]), Labelled(wide[1], validation[1]), 3)
    features = np.concatenate(wide[:2])
    scaler = StandardScaler().fit(features)
    regression = LogisticRegression(C=probe.strength, max_iter=9000, tol=1e-9)
    regression.fit(scaler.transform(features), np.concatenate([training[1], validation[1]]))
    found = probe.logits(torch.from_numpy(wide[2])).softmax(1).numpy()
    expected = regression.predict_proba(scaler.transform(wide[2]))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_validation_images_choose_the_penalty():
    training, validation = drawn(60, 0), drawn(200, 1)
    scaler = StandardScaler().fit(training[0])
    losses, areas = {}, {}
    for strength in STRENGTHS:
        regression = LogisticRegression(C=strength, max_iter=3000)
        regression.fit(scaler.transform(training[0]), training[1])
        found = regression.predict_proba(scaler.transform(validation[0]))
        losses[strength] = log_loss(validation[1], found)
        areas[strength] = roc_auc_score(validation[1], found, multi_class="ovr")
    probe = fit_probe(Labelled(*training), Labelled(*validation), 3)
    assert probe.strength == min(losses, key=losses.get)
    assert STRENGTHS[0] < probe.strength < STRENGTHS[-1]
    assert probe.validation_auc == pytest.approx(areas[probe.strength], abs=1e-6)


def test_every_class_takes_a_training_image():
    features, classes = drawn(30, 0)
    with pytest.raises(ValueError, match=r"training images of classes \[0, 1\], of 3 classes"):
        fit_probe(
            Labelled(features[classes < 2], classes[classes < 2]), Labelled(features, classes), 3
        )


def test_weighted_with_more_features_than_images_it_is_the_same_regression():
    generator = np.random.default_rng(6)
    classes = np.repeat([0, 1], [30, 10])
    features = generator.normal(size=(40, 400)) + classes[:, None] * generator.normal(size=400)
    weights = np.where(classes == 0, 40 / 60, 40 / 20)
    probe = fit_layer(Labelled(features, classes, weights), 0.01)
    scaler = StandardScaler().fit(features, sample_weight=weights)
    regression = LogisticRegression(C=0.01, max_iter=9000, tol=1e-9)
    regression.fit(scaler.transform(features), classes, sample_weight=weights)
    new = generator.normal(size=(20, 400)) + 0.5
    found = probe.logits(torch.from_numpy(new)).softmax(1).numpy()
    np.testing.assert_allclose(found, regression.predict_proba(scaler.transform(new)), atol=1e-4)


def test_weights_are_as_good_as_repeated_images():
    features, classes = drawn(60, 0)
    times = np.random.default_rng(5).integers(1, 4, 60)
    weighted = fit_layer(Labelled(features, classes, times / times.mean()), 0.01)
    # Its penalty is set against a sum over images, which the mean weight of 1 keeps.
    repeated = Labelled(features.repeat(times, axis=0), classes.repeat(times))
    expected = fit_layer(repeated, 0.01 / times.mean())
    new = torch.from_numpy(drawn(20, 2)[0])
    torch.testing.assert_close(weighted.logits(new), expected.logits(new), atol=1e-4, rtol=1e-3)
