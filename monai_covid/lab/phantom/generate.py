"""Synthetic chest radiographs, one at a time, each from a seed and its number alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from monai_covid.lab.phantom.acquisition import choose_exposure, display, draw_noise, expose
from monai_covid.lab.phantom.anatomy import build_anatomy
from monai_covid.lab.phantom.annotations import burn_in, choose_annotations
from monai_covid.lab.phantom.findings.render import COVID_PATTERN, render_findings
from monai_covid.lab.phantom.grid import choose_shape, make_grid
from monai_covid.lab.phantom.image import PhantomImage
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.patient import draw_patient, draw_position
from monai_covid.lab.phantom.randomness import Stream, random_stream
from monai_covid.lab.phantom.thorax import make_thorax
from monai_covid.labels import (
    COVID_LABELS,
    NIH_FINDINGS,
    NIH_LABELS,
    NO_FINDING,
    PUBLISHED,
    shipped,
)


class Collection(IntEnum):
    """Which data set an image belongs to; the same index in both is not the same image."""

    COVID = 0
    NIH = 1


COVID_FINDINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"covid19": (COVID_PATTERN,), "pneumonia": ("Pneumonia",), "normal": ()}
)
"""What is drawn for each class of the COVID set."""


class Case(NamedTuple):
    """All that one image depends on besides the options.

    Attributes:
        seed: Seed of the data set.
        image: Number of the collection and of the image in it.
        patient: Number of the patient.
        years: Years since the first image of the patient.
        label: What the image is labelled with.
        findings: Keys of the findings that are drawn.
        group: Index in ``COVID_LABELS`` of the class that words and shapes may depend on.
    """

    seed: int
    image: tuple[int, int]
    patient: int
    years: int
    label: str
    findings: tuple[str, ...]
    group: int


def generate_covid_case(
    seed: int,
    index: int,
    label: str,
    options: PhantomOptions,
    *,
    patient: int | None = None,
    years: int = 0,
) -> PhantomImage:
    """Return image ``index`` of the COVID phantom.

    With correlations of 0 the class changes nothing but the lesions: the same seed and index with
    another label gives the same patient with another disease.

    Args:
        seed: Seed of the data set, at least 0.
        index: Number of the image, at least 0.
        label: One of ``COVID_LABELS``.
        options: Settings.
        patient: Number of the patient; by default the index.
        years: Years since the first image of the patient.

    Raises:
        ValueError: If the label is unknown or a number is negative.
    """
    if label not in COVID_LABELS:
        raise ValueError(f"unknown label {label!r}; expected one of {', '.join(COVID_LABELS)}")
    case = Case(
        seed=seed,
        image=(int(Collection.COVID), index),
        patient=index if patient is None else patient,
        years=years,
        label=label,
        findings=COVID_FINDINGS[label],
        group=COVID_LABELS.index(label),
    )
    return _generate(case, options)


def generate_nih_case(
    seed: int,
    index: int,
    findings: Sequence[str],
    options: PhantomOptions,
    *,
    patient: int | None = None,
    years: int = 0,
) -> PhantomImage:
    """Return image ``index`` of the NIH phantom.

    Args:
        seed: Seed of the data set, at least 0.
        index: Number of the image, at least 0.
        findings: Any of ``NIH_FINDINGS``; none, or ``No Finding`` alone, for a healthy chest.
        options: Settings. For the correlations an image with Pneumonia counts as ``pneumonia``, a
            healthy one as ``normal``, any other as ``covid19``.
        patient: Number of the patient; by default the index.
        years: Years since the first image of the patient.

    Raises:
        ValueError: If a finding is unknown or repeated, if No Finding stands beside a finding, or
            if a number is negative.
    """
    drawn = _check_findings(findings)
    case = Case(
        seed=seed,
        image=(int(Collection.NIH), index),
        patient=index if patient is None else patient,
        years=years,
        label="|".join(drawn) or NO_FINDING,
        findings=drawn,
        group=nih_group(drawn),
    )
    return _generate(case, options)


def nih_group(findings: Sequence[str]) -> int:
    """Return the index in ``COVID_LABELS`` that findings of the NIH set count as."""
    kept = PUBLISHED.kept_from(shipped("nih"))
    shared = [kept[name] for name in findings or (NO_FINDING,) if name in kept]
    return COVID_LABELS.index(shared[0] if shared else "covid19")


def _check_findings(findings: Sequence[str]) -> tuple[str, ...]:
    """Return the findings in the official order, without No Finding."""
    unknown = [name for name in findings if name not in NIH_LABELS]
    if unknown:
        raise ValueError(f"unknown findings {unknown}; expected some of {', '.join(NIH_LABELS)}")
    if len(set(findings)) < len(findings):
        raise ValueError(f"findings are repeated: {list(findings)}")
    if NO_FINDING in findings and len(findings) > 1:
        raise ValueError(f"{NO_FINDING!r} must stand alone, got {list(findings)}")
    return tuple(name for name in NIH_FINDINGS if name in findings)


def _generate(case: Case, options: PhantomOptions) -> PhantomImage:
    seed, image = case.seed, case.image
    patient = draw_patient(seed, case.patient)
    position = draw_position(seed, image)
    grid = make_grid(choose_shape(seed, image, case.group, options), position)
    thorax = make_thorax(patient, position)
    markings = random_stream(seed, Stream.MARKINGS, case.patient)
    anatomy = build_anatomy(grid, patient, position, thorax, markings)
    lesion = render_findings(anatomy, case.findings, seed, image, options.conspicuity)
    exposure = choose_exposure(seed, image, anatomy.attenuation, anatomy.shadows.lungs)
    attenuation = np.maximum(0.0, anatomy.attenuation + lesion)
    measured = expose(attenuation, exposure, draw_noise(seed, image, grid.shape))
    clean = np.rint(display(measured, exposure)).astype(np.uint8)
    annotations = choose_annotations(seed, image, case.group, position.view, options)
    pixels, text = burn_in(clean, annotations)
    return PhantomImage(
        pixels=pixels,
        lesion_mask=lesion != 0,
        text_mask=text,
        lung_mask=anatomy.shadows.lungs,
        label=case.label,
        findings=case.findings,
        view=position.view,
        sex=patient.sex,
        age=patient.age + case.years,
        patient_id=case.patient,
        words=tuple(annotation.text for annotation in annotations),
        pixel_spacing=10.0 * grid.spacing,
    )
