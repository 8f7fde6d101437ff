"""From the DICOM images of a study to the DICOM instances that answer it.

Steps that one image can fail at without costing the others their results.

An image for setting up everything that the first study would have to wait for.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage
from torch import Tensor

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.algorithm import Algorithm, derived_uid
from monai_covid.dicom.results.finding import ImageFinding, caution_line
from monai_covid.dicom.results.instances import RESULT_KINDS, chosen_kinds, result_instances
from monai_covid.dicom.results.source import source_header
from monai_covid.dicom.study import Refusal, StudyError, StudyOutcome
from monai_covid.errors import WeightsError
from monai_covid.evaluation.calibration.uncertainty import uncertainty_flags
from monai_covid.explain.methods import DEFAULT_METHOD, PixelRange, make_explainer
from monai_covid.explain.pictures.blend import symmetric_limit
from monai_covid.explain.pictures.capture import draw_capture
from monai_covid.explain.pictures.grid import smoothed, to_image_grid
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.dataset import fallback_caution
from monai_covid.inference.heatmap_files import SMOOTHING
from monai_covid.inference.selection import EligibleImage, Selection, read_headers, select_images
from monai_covid.labels import display_name
from monai_covid.models.model_file import file_hash
from monai_covid.preprocessing.chains import prepare_pixels
from monai_covid.preprocessing.normalise import standardized_range
from monai_covid.preprocessing.suitability.assess import assess

NOT_THE_IMAGE = (MemoryError, OSError, torch.OutOfMemoryError, StudyError)
"""Errors that come out as they are: memory and disks may be there again later, and an error of the
study concerns all its images."""


class HasHeader(Protocol):
    """What belongs to one image, such as its pixels or what was found in them."""

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


SIDE = 512


def warm_up_image() -> tuple[Dataset, NDArray[np.float32]]:
    """Return header and pixels of an image of nobody."""
    image = Dataset()
    image.SOPClassUID = ComputedRadiographyImageStorage
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(image, keyword, derived_uid("rehearsal", keyword))
    image.Modality = "CR"
    image.PatientOrientation, image.ImagerPixelSpacing = ["L", "F"], [0.7, 0.7]
    image.Rows = image.Columns = SIDE
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    pixels = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    return source_header(image), pixels


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
    ) -> None:
        """Load the network.

        Args:
            model: Model file of stage 3, or of any network whose classes exclude each other.
            device: Where to compute.
            results: Which of ``RESULT_KINDS`` are made.
            keep_unsuitable: Process images whose pixels do not look like an upright frontal chest
                radiograph too; the results then say so.

        Raises:
            OptionError: If a kind of results is unknown.
            WeightsError: If the file is missing, unusable, or its classes do not exclude each
                other.
        """
        self._kinds = chosen_kinds(results)
        self._keep_unsuitable = keep_unsuitable
        self._classifier = Classifier(model, device)
        if self._classifier.info.multilabel:
            raise WeightsError(
                f"{model}: its classes do not exclude each other (stage 2); DICOM results need a "
                "network of stage 3"
            )
        pixels = PixelRange(*standardized_range(self._classifier.info.channels))
        self._explainer = make_explainer(DEFAULT_METHOD, self._classifier.network, pixels)
        self.algorithm = Algorithm(file_hash(model))
        self._rehearse()

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

    def select(self, datasets: Iterable[Dataset]) -> Selection:
        """Sort out which instances of a study are processed; see `select_images`.

        Raises:
            StudyError: If the instances belong to several studies or patients.
        """
        return select_images(datasets, keep_unsuitable=self._keep_unsuitable)

    def infer(self, images: Iterable[EligibleImage]) -> list[ImageFinding]:
        """Classify images and explain the most probable class of each, one at a time."""
        return [self._found_in(image) for image in images]

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

    def _rehearse(self) -> None:
        """Spare the first study what would take seconds longer than for all others."""
        header, pixels = warm_up_image()
        assess(pixels)
        self.write(self.infer([EligibleImage(header, pixels)]))

    def _examine(self, batch: Tensor) -> tuple[Tensor, int, NDArray[np.float32]]:
        """Return the probabilities of one image, its most probable class and that class's map."""
        batch = batch.to(self._classifier.device)
        probabilities = self._classifier.probabilities(batch)[0]
        chosen = int(probabilities.argmax())
        relevance: NDArray[np.float32] = self._explainer.attribute(batch, chosen)[0].cpu().numpy()
        return probabilities, chosen, relevance

    def _found_in(self, image: EligibleImage) -> ImageFinding:
        info = self._classifier.info
        prepared = prepare_pixels(image.pixels, info.image_size, info.channels, info.preprocessing)
        probabilities, chosen, relevance = self._examine(prepared.image[None])
        shown = prepared.region
        placed = to_image_grid(smoothed(relevance, SMOOTHING), image.pixels.shape, shown.box)
        limit = symmetric_limit([placed])
        explained = info.labels[chosen]
        probable = tuple(probabilities.double().tolist())
        fallback = (fallback_caution(shown.fallback),) if shown.fallback else ()
        cautions = (
            *image.cautions,
            *fallback,
            *(uncertainty_flags(info.calibration, probable) or ()),
        )
        return ImageFinding(
            header=image.header,
            labels=info.labels,
            probabilities=probable,
            explained=explained,
            relevance=np.clip(placed / limit, 0.0, 1.0),
            cautions=cautions,
            overlay=draw_capture(
                image.pixels,
                placed,
                limit,
                [
                    *self._caption(dict(zip(info.labels, probable, strict=True))),
                    *map(caution_line, cautions),
                ],
                (f"relevance for {display_name(explained)}", "relevance against it"),
            ),
        )

    def _caption(self, probabilities: dict[str, float]) -> list[str]:
        shown = (f"{display_name(label)} {value:.1%}" for label, value in probabilities.items())
        versions = ", ".join(self.algorithm.software_versions)
        return [RESEARCH_USE_ONLY.upper(), ", ".join(shown), f"{versions}. {self.algorithm.method}"]
