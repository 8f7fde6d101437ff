"""A folder of heatmaps: pictures and values of each image, and a table of them."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from ignite.engine import Engine, Events
from torch import nn

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import atomic_path, check_writable, write_text
from monai_covid.data.image_formats import detect_format, without_suffix
from monai_covid.data.nifti import nifti_like
from monai_covid.errors import OptionError, RunFolderError
from monai_covid.evaluation.plots.style import save_png
from monai_covid.explain.explainer import CHUNK
from monai_covid.inference.answer import predictions_in_evaluator
from monai_covid.inference.explaining import ClassExplainer, HeatmapRequest
from monai_covid.inference.heatmap import DPI, SMOOTHING, Heatmap
from monai_covid.inference.image import PreparedImage
from monai_covid.inference.prediction import Prediction
from monai_covid.models.model_file import ModelInfo

logger = logging.getLogger(__name__)

TABLE = "heatmaps.csv"
NOTICE = "README.txt"
LARGEST_SMOOTHING = 64

README = f"""Heatmaps made by monai_covid. {RESEARCH_USE_ONLY}

*_map.png        relevance alone: orange for, blue against the class
*_overlay.png    the same on the radiograph
*_panel.png      the radiograph, and up to three classes on one scale, with probabilities
*_relevance.*    the values: NIfTI in the grid of a NIfTI image (they add up to the relevance of
                 the whole image), NumPy as the network saw the image (channels, rows, columns)
{TABLE}     one row an image: what was predicted, what was explained, which files; why there
                 is no heatmap
"""

LONGEST_STEM = 160
"""Bytes in UTF-8, so that a file name with class and suffix has less than 255."""

_UNUSUAL = re.compile(r"[^\w.()+-]")


class HeatmapFolder:
    """Explains images that have an answer and writes pictures, values and a table.

    As an Ignite handler it is attached to an evaluator whose batches come from
    :class:`ImageFileDataset` and whose output has ``probability``; :meth:`add` does the same for
    one batch without an engine.

    Args:
        output_dir: Folder to fill.
        items: The images, with ``image`` (path) and ``name``.
        network: The network; looked at when the first images come, once its weights are loaded.
        info: What it is.
        request: What is explained.
        overwrite: Whether earlier heatmaps may be replaced.
        smoothing: Of the pictures, in pixels of the network's input.
        arrays: Whether values are written as NumPy arrays as well.
        chunk: Images that are explained at once.

    Attributes:
        done: Images in the table.
        unreadable: Those of them that could not be read.
        unsuitable: Those that are not explained because they are no upright frontal chest
            radiographs.
    """

    def __init__(
        self,
        output_dir: Path | str,
        items: Sequence[Mapping[str, Any]],
        network: nn.Module,
        info: ModelInfo,
        request: HeatmapRequest,
        *,
        overwrite: bool = False,
        smoothing: float = SMOOTHING,
        arrays: bool = False,
        chunk: int = CHUNK,
    ) -> None:
        """Note what to do."""
        self.output_dir = Path(output_dir)
        self.info = info
        self.request = request
        self.overwrite = overwrite
        self.smoothing = smoothing
        self.arrays = arrays
        self.done = self.unreadable = self.unsuitable = 0
        self._paths = [str(item["image"]) for item in items]
        stems = unique_stems([str(item["name"]) for item in items])
        self._stems = dict(zip(self._paths, stems, strict=True))
        self._network, self._chunk = network, chunk
        self._explainer: ClassExplainer | None = None

    def check(self) -> None:
        """Make sure that the request makes sense and the folder may be written to.

        Raises:
            OptionError: If the network cannot be explained so.
            RunFolderError: If the folder holds heatmaps that may not be replaced.
        """
        self.request.check(self.info)
        if not 0 <= self.smoothing <= LARGEST_SMOOTHING:
            raise OptionError(
                f"smoothing is {self.smoothing}; it must be 0 to {LARGEST_SMOOTHING} pixels"
            )
        within = self.output_dir.resolve()
        inside = [path for path in self._paths if Path(path).resolve().is_relative_to(within)]
        if inside:
            raise RunFolderError(
                f"{self.output_dir}: holds images that are to be explained, such as {inside[0]}; "
                "write to a folder outside of them"
            )
        existing = self.output_dir / TABLE
        if existing.exists() and not self.overwrite:
            raise RunFolderError(
                f"{existing}: exists already; replace it with --overwrite or write to another "
                "folder"
            )
        check_writable(self.output_dir)

    def attach(self, engine: Engine) -> None:
        """Explain what the evaluator ``engine`` predicts."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, lambda _: self.finish())

    def __call__(self, engine: Engine) -> None:
        """Explain the images of the last iteration."""
        predictions = predictions_in_evaluator(engine.state, self.info)
        for prediction in predictions:
            if prediction.error:
                logger.warning("%s", prediction.error)
        self.add(engine.state.batch["prepared"], predictions)

    def add(
        self,
        images: Sequence[PreparedImage],
        predictions: Sequence[Prediction],
        when_done: Callable[[], object] | None = None,
    ) -> None:
        """Explain a batch and write its files and rows of the table.

        Args:
            images: With grey values to draw on.
            predictions: What is said of each.
            when_done: Called after each image, for a progress bar.
        """
        if self._explainer is None:
            self._explainer = ClassExplainer(
                self._network, self.info, self.request, chunk=self._chunk
            )
            self._start_table()
        explanations = self._explainer.explain_images(images, predictions)
        for image, prediction, explanation in zip(images, predictions, explanations, strict=True):
            if explanation is None:
                self._add_unexplained(prediction)
            else:
                asked = self._explainer.request
                heatmap = Heatmap(image, prediction, explanation, asked, self.smoothing)
                self._add_heatmap(heatmap)
            if when_done is not None:
                when_done()

    def finish(self) -> None:
        """Say what was done."""
        where = self.output_dir / TABLE
        logger.info(
            "%d images, %d of them unreadable, %d not upright frontal chest radiographs: %s",
            self.done,
            self.unreadable,
            self.unsuitable,
            where,
        )

    def _start_table(self) -> None:
        """Begin a table, and remove the files that the table of an earlier call names."""
        table = self.output_dir / TABLE
        earlier: list[str] = []
        if table.is_file():
            with table.open(encoding="utf-8", newline="") as stream:
                listed = [row.get("files") or "" for row in csv.DictReader(stream)]
            earlier = [name for names in listed for name in names.split()]
        probabilities = [f"probability_{label}" for label in self.info.labels]
        heads = ["image", "prediction", *probabilities, "explained", "relevance", "files"]
        write_text(table, _line([*heads, "unsuitable", "caution", "error"]))
        write_text(self.output_dir / NOTICE, README)
        for name in earlier:
            if Path(name).name == name and (self.output_dir / name).is_file():
                (self.output_dir / name).unlink()

    def _append(self, row: list[str]) -> None:
        # Row by row, so that the table says what is there whenever the work is interrupted.
        with (self.output_dir / TABLE).open("a", encoding="utf-8", newline="") as stream:
            stream.write(_line(row))
        self.done += 1

    def _add_unexplained(self, prediction: Prediction) -> None:
        if prediction.error:
            self.unreadable += 1
        else:
            self.unsuitable += 1
        blank = [""] * (len(self.info.labels) + 4)
        reasons = " ".join(prediction.unsuitable)
        self._append([prediction.image, *blank, reasons, "", prediction.error])

    def _add_heatmap(self, heatmap: Heatmap) -> None:
        prediction = heatmap.prediction
        files = list(self._write_files(heatmap))
        self._append(
            [
                *(prediction.image, prediction.label),
                *map(repr, prediction.probabilities.values()),
                heatmap.label,
                repr(float(heatmap.values.sum(dtype=float))),
                " ".join(files),
                " ".join(prediction.unsuitable),
                heatmap.caution,
                "",
            ]
        )

    def _write_files(self, heatmap: Heatmap) -> Iterator[str]:
        """Write the files of an image, each whole or not at all; yield their names."""
        stem = self._stems[heatmap.image.radiograph.file]
        label = _UNUSUAL.sub("_", heatmap.label)
        for kind, figure in heatmap.figures().items():
            name = f"{stem}_panel.png" if kind == "panel" else f"{stem}_{label}_{kind}.png"
            save_png(figure, self.output_dir / name, dpi=DPI)
            yield name
        for suffix, content in self._values(heatmap).items():
            name = f"{stem}_{label}_relevance{suffix}"
            with atomic_path(self.output_dir / name) as temporary:
                temporary.write_bytes(content)
            yield name

    def _values(self, heatmap: Heatmap) -> Mapping[str, bytes]:
        content = {}
        file = heatmap.image.radiograph.file
        if detect_format(Path(file)) == "nifti":
            text = f"Relevance. {RESEARCH_USE_ONLY}"
            content[".nii.gz"] = nifti_like(file, heatmap.relevance, text)
        if self.arrays:
            stream = io.BytesIO()
            np.save(stream, heatmap.values)
            content[".npy"] = stream.getvalue()
        return content


def unique_stems(names: Sequence[str]) -> list[str]:
    """Return a file name without suffix for each image name.

    The name of the file where no other image has it; else with its suffix (``a.png``: ``a_png``),
    then with its folders (``x/a.png``: ``x__a_png``), then with a number. Spaces and signs other
    than ``._-+()`` become ``_``; of long names the end is kept.
    """
    parts = [
        [_UNUSUAL.sub("_", part) for part in PurePath(name).parts if part not in ("/", "..")]
        for name in names
    ]
    choices = [
        [without_suffix(each[-1]), each[-1].replace(".", "_"), "__".join(each).replace(".", "_")]
        for each in parts
    ]
    common = Counter(choice.casefold() for each in choices for choice in set(each))
    taken: set[str] = set()
    stems = []
    for each in choices:
        stem = next((choice for choice in each if common[choice.casefold()] == 1), each[-1])
        stem = stem.encode()[-LONGEST_STEM:].decode(errors="ignore")
        number, candidate = 1, stem
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem}_{number}"
        taken.add(candidate.casefold())
        stems.append(candidate)
    return stems


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
