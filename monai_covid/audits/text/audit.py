"""The audit of words."""

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
"""Images with text below which nothing can be told."""


def audit(subject: Subject) -> AuditFinding:
    """Ask whether the model reads burnt-in text.

    On the images that it has not seen, text is found (``words.TextFinder``). Then:

    1. the text is inpainted, and for comparison as much beside it;
    2. the share of the positive relevance (LRP, EpsilonPlusFlat, predicted class) on text is set
       against the share of the area;
    3. words bound to one class (Fisher's exact test over patients, Holm) are painted into images
       of the others (their own text inpainted), and for comparison a neutral word in the same
       places.

    The verdict is FAULT if removing the text costs accuracy on the images that have some, more than
    inpainting beside it (both 95 % intervals over patients above zero), or if a word flips images
    into its class more often than the neutral word (exact McNemar, Holm, 5 %). It is UNKNOWN if
    fewer than 10 images have text. Else it is QUIET: relevance on text alone is no fault, since
    text has hard edges, which any network sees.

    Args:
        subject: A collection and a model of one class per image.

    Raises:
        InputError: If images cannot be read.
        OptionError: If the packages of the extra ``audit`` are missing, or relevance cannot be
            propagated through the model's network.
    """
    explainer = LRP(subject.model.network)  # refuses a network before text is looked for
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
    with_text = [one for one in images if one.boxes and not one.mask().all()]
    removal = remove_text(subject, images)
    words = class_words(
        [one.words for one in images],
        records.classes,
        records.patients.tolist(),
        len(records.labels),
    )
    bound = [word for word in words if word.is_bound]
    return Results(
        searched=len(images),
        removal=removal,
        estimates=_estimates(subject, removal, text_shares(subject, with_text, explainer)),
        words=words,
        flips=paint_words(subject, images, bound),
    )


def verdict_of(results: Results) -> Verdict:
    """Return the verdict; see `audit` for the rule."""
    loss, excess = results.estimates["loss"], results.estimates["excess_loss"]
    costs = loss.is_above_zero and excess.is_above_zero
    if costs or any(one.is_fault for one in results.flips):
        return Verdict.FAULT
    if len(results.removal.true) < LEAST_IMAGES:
        return Verdict.UNKNOWN
    return Verdict.QUIET


def numbers_of(subject: Subject, results: Results) -> dict[str, Any]:
    """Return the figures for programs."""
    labels = subject.unseen.labels
    return {
        "images": results.searched,
        "images_with_text": len(results.removal.true),
        **{name: one.as_json() for name, one in results.estimates.items()},
        "words": [{**asdict(one), "label": labels[one.label]} for one in results.words[:50]],
        "painted": [{**asdict(one), "label": labels[one.label]} for one in results.flips],
    }


def _estimates(subject: Subject, removal: Removal, shares: Shares) -> dict[str, Estimate]:
    options, patients = subject.options, removal.patients.tolist()
    before, after = removal.right(removal.before), removal.right(removal.after)
    control = removal.right(removal.control)
    found = {
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
    estimates = {name: mean_of(values, patients, *draws) for name, values in found.items()}
    known = ~np.isnan(shares.relevance) & (shares.area > 0)
    relevance, area = shares.relevance[known], shares.area[known]
    who = removal.patients[known].tolist()
    estimates["relevance_share"] = mean_of(relevance, who, *draws)
    estimates["area_share"] = mean_of(area, who, *draws)
    estimates["enrichment"] = ratio_of(relevance, area, who, *draws)
    return estimates
