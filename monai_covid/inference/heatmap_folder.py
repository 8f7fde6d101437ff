"""A folder of heatmaps with a table of them."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from torch import Tensor, nn

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import check_writable, write_text
from monai_covid.errors import OptionError, RunFolderError
from monai_covid.explain.explainer import CHUNK
from monai_covid.inference.dataset import BOX, box_of
from monai_covid.inference.explaining import Explanation, NetworkQuestioner, Question
from monai_covid.inference.heatmap_files import SMOOTHING, HeatmapFiles, Picture, unique_stems
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
{TABLE}     one row an image: what was predicted, what was explained, which files
"""


class HeatmapFolder:
    """Explains images and writes pictures, values and a table.

    As an Ignite handler it is attached to an evaluator whose batches come from
    :class:`ImageFileDataset` and whose output has ``probability``; :meth:`add` does the same for
    one batch without an engine.

    Args:
        output_dir: Folder to fill.
        items: The images, with ``name``.
        network: The network; looked at when the first images come, once its weights are loaded.
        info: What it is.
        question: What is asked.
        overwrite: Whether earlier heatmaps may be replaced.
        smoothing: Of the pictures, in pixels of the network's input.
        arrays: Whether values are written as NumPy arrays as well.
        chunk: Images that are explained at once.
    """

    def __init__(
        self,
        output_dir: Path | str,
        items: Sequence[Mapping[str, Any]],
        network: nn.Module,
        info: ModelInfo,
        question: Question,
        *,
        overwrite: bool = False,
        smoothing: float = SMOOTHING,
        arrays: bool = False,
        chunk: int = CHUNK,
    ) -> None:
        """Note what to do."""
        self.output_dir = Path(output_dir)
        self.info = info
        self.question = question
        self.overwrite = overwrite
        self.failed = 0
        self._paths = [str(item["image"]) for item in items]
        stems = unique_stems([str(item["name"]) for item in items])
        self._stems = dict(zip(self._paths, stems, strict=True))
        self._network, self._chunk = network, chunk
        self._questioner: NetworkQuestioner | None = None
        self._files = HeatmapFiles(
            self.output_dir, info, question, smoothing=smoothing, arrays=arrays
        )
        self.done = 0

    def check(self) -> None:
        """Make sure that the question makes sense and the folder may be written to.

        Raises:
            OptionError: If the network cannot be asked this.
            RunFolderError: If the folder holds heatmaps that may not be replaced.
        """
        self.question.check(self.info)
        if not 0 <= self._files.smoothing <= LARGEST_SMOOTHING:
            raise OptionError(
                f"smoothing is {self._files.smoothing}; it must be 0 to {LARGEST_SMOOTHING} pixels"
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
        images = engine.state.output["image"]
        self.add(engine.state.batch, images, engine.state.output["probability"])

    def add(self, batch: Mapping[str, Any], images: Tensor, probabilities: Tensor) -> None:
        """Explain a batch and write its files and rows of the table.

        Args:
            batch: ``name``, ``path``, ``error`` and ``box`` of each image.
            images: ``(B, C, S, S)``, on the network's device.
            probabilities: ``(B, L)``.
        """
        if self._questioner is None:
            self._questioner = NetworkQuestioner(
                self._network, self.info, self.question, self._chunk
            )
            self._start_table()
        readable = [index for index, error in enumerate(batch["error"]) if not error]
        found = self._questioner.explain(images[readable], probabilities[readable])
        explained = {
            index: each._replace(box=box_of(batch[BOX][index]))
            for index, each in zip(readable, found, strict=True)
        }
        rows = probabilities.double().cpu().tolist()
        for index, (name, path, error) in enumerate(
            zip(batch["name"], batch["path"], batch["error"], strict=True)
        ):
            self._add_one(name, path, error, rows[index], explained.get(index))

    def _start_table(self) -> None:
        """Begin a table, and remove the files that the table of an earlier call names."""
        table = self.output_dir / TABLE
        earlier: list[str] = []
        if table.is_file():
            with table.open(encoding="utf-8", newline="") as stream:
                listed = [row.get("files") or "" for row in csv.DictReader(stream)]
            earlier = [name for names in listed for name in names.split()]
        probabilities = [f"probability_{label}" for label in self.info.labels]
        heads = ["image", "prediction", *probabilities, "explained", "relevance", "files", "error"]
        write_text(table, _line(heads))
        write_text(self.output_dir / NOTICE, README)
        for name in earlier:
            if Path(name).name == name and (self.output_dir / name).is_file():
                (self.output_dir / name).unlink()

    def _append(self, row: list[str]) -> None:
        # Row by row, so that the table says what is there whenever the work is interrupted.
        with (self.output_dir / TABLE).open("a", encoding="utf-8", newline="") as stream:
            stream.write(_line(row))
        self.done += 1

    def _add_one(
        self, name: str, path: str, error: str, row: list[float], explanation: Explanation | None
    ) -> None:
        if explanation is None:
            self.failed += 1
            logger.warning("%s", error)
            blank = [""] * (len(self.info.labels) + 4)
            self._append([name, *blank, error])
            return
        files = self._files.write(Picture(path, self._stems[path], row, explanation))
        known = dict(zip(self.info.labels, row, strict=True))
        values = explanation.maps[explanation.chosen]
        self._append(
            [
                *(name, Prediction(name, known, self.info.multilabel).label),
                *map(repr, row),
                self.info.labels[explanation.chosen],
                repr(float(values.sum(dtype=float))),
                " ".join(files),
                "",
            ]
        )

    def finish(self) -> None:
        """Say what was done."""
        where = self.output_dir / TABLE
        logger.info("%d images, %d of them unreadable: %s", self.done, self.failed, where)


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
