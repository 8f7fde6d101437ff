"""From the DICOM images of a study to the DICOM instances that answer it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar

import numpy as np
import torch
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.algorithm import CONTRASTIVE, METHOD, Algorithm, derived_uid
from monai_covid.dicom.results.finding import ImageFinding, caution_line
from monai_covid.dicom.results.instances import RESULT_KINDS, chosen_kinds, result_instances
from monai_covid.dicom.results.source import source_header
from monai_covid.dicom.study import Refusal, StudyError, StudyOutcome
from monai_covid.explain.pictures.blend import symmetric_limit
from monai_covid.explain.pictures.capture import draw_capture
from monai_covid.explain.pictures.grid import smoothed, to_image_grid
from monai_covid.inference.answer import answer_images
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.explaining import ClassExplainer, HeatmapRequest
from monai_covid.inference.heatmap import SMOOTHING, lungs_to_draw
from monai_covid.inference.image import ImagePreparation, radiograph_of, reduced
from monai_covid.inference.selection import EligibleImage, Selection, read_headers, select_images
from monai_covid.labels import Label
from monai_covid.models.model_file import file_hash

logger = logging.getLogger(__name__)

NOT_THE_IMAGE = (MemoryError, OSError, torch.OutOfMemoryError, StudyError)
"""Errors that come out as they are: memory and disks may be there again later, and an error of the
study concerns all its images."""


class StudyPipeline:
    """Processes studies, one after the other, with one network that stays loaded.

    Its steps are methods of their own for programs that schedule them: `select`, `infer`, `write`.

    Attributes:
        algorithm: Who signs the results.
    """

    def __init__(
        self,
        model: Path | str,
        device: str | torch.device = "cpu",
        results: Sequence[str] = RESULT_KINDS,
        *,
        keep_unsuitable: bool = False,
        trust_photometric: bool = False,
    ) -> None:
        """Load the network.

        Args:
            model: Model file.
            device: Where to compute.
            results: Which of ``RESULT_KINDS`` are made.
            keep_unsuitable: Process images whose pixels do not look like an upright frontal chest
                radiograph too; the results then say so.
            trust_photometric: Take MONOCHROME2 with the Presentation LUT Shape INVERSE for
                MONOCHROME2.

        Raises:
            OptionError: If a kind of results is unknown.
            WeightsError: If the file is missing or unusable.
        """
        self._kinds = chosen_kinds(results)
        self._keep_unsuitable = keep_unsuitable
        self._trust_photometric = trust_photometric
        self._classifier = Classifier(model, device)
        info = self._classifier.info
        self._classes = info.classes
        uncoded = [label.display for label in self._classes.labels if label.code is None]
        if uncoded:
            logger.warning(
                "%s: no coded concept for %s; DICOM results use private codes, which other systems "
                "do not know. Name codes in the label set that the network is trained with",
                *(model, ", ".join(uncoded)),
            )
        # Whether an image is kept was decided when it was selected.
        self._preparation = ImagePreparation(info, keep_unsuitable=True)
        self._explainer = ClassExplainer(
            self._classifier.network, info, HeatmapRequest(), classes=1
        )
        method = CONTRASTIVE if self._explainer.request.contrast else METHOD
        self.algorithm = Algorithm(file_hash(model), method=method)
        self._warm_up()

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Process the files of one study of one patient.

        An image that fails in a way that nobody foresaw is refused, so that the others get their
        results.

        Raises:
            StudyError: If they belong to several studies or patients.
            OSError: If a file cannot be read although it is there.
        """
        datasets, unreadable = read_headers(files)
        selection = self.select(datasets)
        results, failed = self.answers(selection.images)
        return StudyOutcome(results, (*unreadable, *selection.refusals, *failed))

    def select(
        self, datasets: Iterable[Dataset], *, known: Mapping[Path, Selection] = MappingProxyType({})
    ) -> Selection:
        """Sort out which instances of a study are processed; see `select_images`.

        Raises:
            StudyError: If the instances belong to several studies or patients.
        """
        return select_images(
            datasets,
            keep_unsuitable=self._keep_unsuitable,
            trust_photometric=self._trust_photometric,
            known=known,
        )

    def infer(self, images: Iterable[EligibleImage]) -> list[ImageFinding]:
        """Classify images and explain the most probable class of each, one at a time."""
        return [self._finding(image) for image in images]

    def write(self, findings: Iterable[ImageFinding]) -> tuple[Dataset, ...]:
        """Return the DICOM instances that say what was found."""
        return tuple(
            instance
            for finding in findings
            for instance in result_instances(finding, self.algorithm, self._kinds)
        )

    def answers(
        self, images: Iterable[EligibleImage]
    ) -> tuple[tuple[Dataset, ...], tuple[Refusal, ...]]:
        """Return the instances for images, and a refusal for each that failed unexpectedly."""
        results, failed = process_each(lambda image: self.write(self.infer([image])), images)
        return tuple(chain.from_iterable(results)), failed

    def _warm_up(self) -> None:
        """Spare the first study what would take seconds longer than for all others."""
        self.write(self.infer([warm_up_image()]))

    def _finding(self, image: EligibleImage) -> ImageFinding:
        prepared = self._preparation.prepare(image.radiograph)
        (prediction,) = answer_images(self._classifier, [prepared])
        (explanation,) = self._explainer.explain_images([prepared], [prediction])
        pixels = image.radiograph.pixels
        assert explanation is not None and pixels is not None  # it was selected with its pixels
        relevance = smoothed(explanation.maps[explanation.target], SMOOTHING)
        placed = to_image_grid(relevance, image.radiograph.shape, prepared.visible_region)
        limit = symmetric_limit([placed])
        cautions = (*prediction.unsuitable, *prediction.cautions, *(prediction.uncertain or ()))
        cautions += tuple(filter(None, [explanation.contradiction(prediction)]))
        explained = self._classes.labels[explanation.target]
        caption = [*self._caption(prediction.probabilities), *map(caution_line, cautions)]
        overlay = draw_capture(
            *(pixels, placed, limit, caption, self._legend(explained)),
            lungs=lungs_to_draw(reduced(pixels)),
        )
        placed /= limit
        return ImageFinding(
            header=image.header,
            classes=self._classes,
            probabilities=tuple(prediction.probabilities.values()),
            explained=explained.name,
            relevance=np.clip(placed, 0.0, 1.0, out=placed),
            cautions=cautions,
            overlay=overlay,
        )

    def _legend(self, explained: Label) -> tuple[str, str]:
        others = " against the other classes" if self._explainer.request.contrast else ""
        return f"relevance for {explained.display}{others}", "relevance against it"

    def _caption(self, probabilities: Mapping[str, float]) -> list[str]:
        numbers = (
            f"{self._classes[label].display} {value:.1%}" for label, value in probabilities.items()
        )
        versions = ", ".join(self.algorithm.software_versions)
        side = self._classifier.info.image_size
        return [
            RESEARCH_USE_ONLY.upper(),
            ", ".join(numbers),
            f"{versions}. {self.algorithm.method}, on {side} x {side} pixels",
        ]


class HasHeader(Protocol):
    """What belongs to one image, such as its pixels or its finding."""

    @property
    def header(self) -> Dataset:
        """Header of the image."""


T = TypeVar("T", bound=HasHeader)
R = TypeVar("R")


def process_each(
    step: Callable[[T], R], images: Iterable[T]
) -> tuple[list[R], tuple[Refusal, ...]]:
    """Apply ``step`` to each of ``images``.

    Headers hold everything; one that no check knows must not cost the others their results.

    Returns:
        What the step returned, and a refusal for each image at which it failed unexpectedly.

    Raises:
        MemoryError, OSError, StudyError: Of the step, see ``NOT_THE_IMAGE``.
    """
    done, failed = [], []
    for image in images:
        try:
            done.append(step(image))
        except NOT_THE_IMAGE:
            raise
        except Exception as error:
            uid, file = str(image.header.SOPInstanceUID), getattr(image, "file", None)
            failed.append(Refusal(uid, _place_of(error), file, failed=True))
    return done, tuple(failed)


def _place_of(error: Exception) -> str:
    """Return kind and place of an error; its text may hold patient data."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}"
    return f"fails unexpectedly: {type(error).__name__} in {place}"


WARM_UP_SIDE = 512


def warm_up_image() -> EligibleImage:
    """Return an image of nobody, which sets up everything that the first study would wait for."""
    header = Dataset()
    header.SOPClassUID = ComputedRadiographyImageStorage
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(header, keyword, derived_uid("rehearsal", keyword))
    header.Modality = "CR"
    header.PatientOrientation, header.ImagerPixelSpacing = ["L", "F"], [0.7, 0.7]
    header.Rows = header.Columns = WARM_UP_SIDE
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    pixels = np.linspace(0, 1, WARM_UP_SIDE**2, dtype=np.float32)
    radiograph = radiograph_of(pixels.reshape(WARM_UP_SIDE, WARM_UP_SIDE), "warm-up")
    return EligibleImage(source_header(header), radiograph)
