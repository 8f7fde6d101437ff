"""From the DICOM images of a study to the DICOM instances that answer it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from torch import Tensor

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.calibration.doubt import doubts
from monai_covid.checkpoints import file_hash
from monai_covid.dicom.kinds import RESULT_KINDS, chosen_kinds
from monai_covid.dicom.results import Algorithm, ImageFinding, result_instances
from monai_covid.dicom.results.finding import caution_line
from monai_covid.dicom.study import Refusal, StudyOutcome
from monai_covid.errors import WeightsError
from monai_covid.explain import DEFAULT_METHOD, PixelRange, make_explainer
from monai_covid.heatmaps import smoothed, symmetric_limit, to_image_grid
from monai_covid.heatmaps.capture import draw_capture
from monai_covid.inference.attempts import one_by_one
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.heatmap_files import SMOOTHING
from monai_covid.inference.rehearsal import rehearsal_image
from monai_covid.inference.selection import (
    EligibleImage,
    Selection,
    read_headers,
    select_images,
)
from monai_covid.inference.shown import fallback_caution
from monai_covid.labels import display_name
from monai_covid.suitability import assess
from monai_covid.transforms import prepare_pixels, standardized_range


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
        results, failed = one_by_one(lambda image: self.write(self.infer([image])), images)
        return tuple(chain.from_iterable(results)), failed

    def _rehearse(self) -> None:
        """Spare the first study what would take seconds longer than for all others."""
        header, pixels = rehearsal_image()
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
        cautions = (*image.cautions, *fallback, *(doubts(info.calibration, probable) or ()))
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
