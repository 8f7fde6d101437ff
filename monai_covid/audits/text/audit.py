"""The audit of burnt-in text: whether the model uses text on the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from monai_covid.audits.finding import AuditFinding, Verdict
from monai_covid.audits.subject import Subject
from monai_covid.audits.text.class_words import class_words
from monai_covid.audits.text.images import AuditedImage, Finder, search
from monai_covid.audits.text.painting import paint_words
from monai_covid.audits.text.removal import (
    Estimate,
    Removal,
    Shares,
    mean_of,
    ratio_of,
    remove_text,
    text_shares,
)
from monai_covid.audits.text.report import Results, sections, summary
from monai_covid.explain.explainer import Explainer
from monai_covid.explain.lrp.engine import LRP
from monai_covid.preprocessing.text.finder import TextFinder

LEAST_IMAGES = 10
"""With fewer images that have text the audit is inconclusive."""


def audit(subject: Subject) -> AuditFinding:
    """Test whether the model uses burnt-in text.

    Text is found on the images that the model was not trained on (``TextFinder``). Then:

    1. the text is inpainted, and for comparison as much beside it;
    2. the share of the positive relevance (LRP, EpsilonPlusFlat, predicted class) on text is
       compared with its share of the area;
    3. words associated with one class (Fisher's exact test over patients, Holm) are painted into
       images of the others (their own text inpainted), and for comparison a neutral word in the
       same places.

    The verdict is PROBLEM if removing the text costs accuracy on the images that have some, more
    than inpainting beside it (both 95 % intervals over patients above zero), or if a word flips
    images into its class more often than the neutral word (exact McNemar, Holm, 5 %). It is
    INCONCLUSIVE if fewer than 10 images have text. Else it is PASSED: relevance on text alone is no
    problem, since text has hard edges, to which any network responds.

    Args:
        subject: A collection and a model of one class per image.

    Raises:
        InputError: If images cannot be read.
        OptionError: If the packages of the extra ``audit`` are missing, or relevance cannot be
            propagated through the model's network.
    """
    explainer = LRP(subject.model.network)  # refuses a network before the search for text
    return audit_with(subject, TextFinder(), explainer)


def audit_with(
    subject: Subject, finder: Finder, explainer: Explainer | None = None
) -> AuditFinding:
    """Do what `audit` does, with another finder of text or method of explanation."""
    results = measure(subject, search(subject, finder), explainer)
    verdict = verdict_of(results)
    return AuditFinding(
        verdict,
        summary(subject, results, verdict),
        sections(subject, results),
        numbers_of(subject, results),
    )


def measure(
    subject: Subject, images: Sequence[AuditedImage], explainer: Explainer | None = None
) -> Results:
    """Measure everything; ``images`` are those of ``subject.unseen``, in its order."""
    records = subject.unseen
    with_text = [image for image in images if image.has_text]
    removal = remove_text(subject, images)
    words = class_words(
        [image.words for image in images],
        records.classes,
        records.patients.tolist(),
        len(records.labels),
    )
    associated = [word for word in words if word.is_associated]
    return Results(
        searched=len(images),
        removal=removal,
        estimates=_estimates(subject, removal, text_shares(subject, with_text, explainer)),
        words=words,
        flips=paint_words(subject, images, associated),
    )


def verdict_of(results: Results) -> Verdict:
    """Return the verdict; see `audit` for the rule."""
    loss, excess = results.estimates["loss"], results.estimates["excess_loss"]
    costs = loss.is_above_zero and excess.is_above_zero
    if costs or any(flips.is_problem for flips in results.flips):
        return Verdict.PROBLEM
    if len(results.removal.true) < LEAST_IMAGES:
        return Verdict.INCONCLUSIVE
    return Verdict.PASSED


def numbers_of(subject: Subject, results: Results) -> dict[str, Any]:
    """Return the figures for programs."""
    labels = subject.unseen.labels
    return {
        "images": results.searched,
        "images_with_text": len(results.removal.true),
        **{name: estimate.as_json() for name, estimate in results.estimates.items()},
        "words": [{**asdict(word), "label": labels[word.label]} for word in results.words[:50]],
        "painted": [{**asdict(flips), "label": labels[flips.label]} for flips in results.flips],
    }


def _estimates(subject: Subject, removal: Removal, shares: Shares) -> dict[str, Estimate]:
    options, patients = subject.options, removal.patients.tolist()
    before, after = removal.correct(removal.before), removal.correct(removal.after)
    control = removal.correct(removal.control)
    values_of_images = {
        "accuracy_with_text": before,
        "accuracy_without_text": after,
        "accuracy_control": control,
        "loss": before - after,
        "excess_loss": control - after,
        "shift": removal.shift(removal.after),
        "shift_control": removal.shift(removal.control),
        "changed": removal.changed(removal.after),
        "changed_control": removal.changed(removal.control),
    }
    draws = (options.resamples, options.seed)
    estimates = {
        name: mean_of(values, patients, *draws) for name, values in values_of_images.items()
    }
    is_defined = ~np.isnan(shares.relevance) & (shares.area > 0)
    relevance, area = shares.relevance[is_defined], shares.area[is_defined]
    patients = removal.patients[is_defined].tolist()
    estimates["relevance_share"] = mean_of(relevance, patients, *draws)
    estimates["area_share"] = mean_of(area, patients, *draws)
    estimates["enrichment"] = ratio_of(relevance, area, patients, *draws)
    return estimates
