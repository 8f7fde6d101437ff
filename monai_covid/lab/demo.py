"""The demonstration: both stages on synthetic radiographs, evaluated, with a page to look at."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import write_text
from monai_covid.data.images import read_image
from monai_covid.evaluation.columns import LABEL, probability_column
from monai_covid.evaluation.pages.page import Picture, Section, write_page
from monai_covid.evaluation.plots.example_sheet import Example, draw_example_sheet
from monai_covid.evaluation.plots.learning_curves import draw_learning_curves, read_learning_curves
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.report_folder import check_replaceable
from monai_covid.lab.phantom.write_covid import write_phantom
from monai_covid.labels import COVID_LABELS
from monai_covid.training.cross_validation import run_config
from monai_covid.training.workflow_options import NO_MODEL

logger = logging.getLogger(__name__)

MARK = "README.txt"

README = f"""Made by `monai-covid demo` from synthetic radiographs.

phantom/   the data: ChestX-ray14 layout, COVID manifest, ground-truth masks
stage2/    ChestX-ray14 findings: learning curve, model.pt, TensorBoard events, evaluation
stage3/    COVID-19 / pneumonia / normal, starting from stage 2
direct/    the same without stage 2, for comparison
results/   open index.html

{RESEARCH_USE_ONLY}
The images show no person, and what is measured on them says nothing about patients.
"""

PLACEMENT = {"rotation_degrees": 8, "translation_pixels": 8}
"""Less augmentation than usual: a few hundred images seen eight times are hard enough."""

STAGE2_LEARNING_RATE, STAGE3_LEARNING_RATE = 0.1, 0.01

LEAD = """The figures are those of stage 3 on synthetic images of patients that it was not trained \
on. They show that the software works; they say nothing about patients."""

METHOD = """A DenseNet-121 was trained on synthetic radiographs: first on 15 labels in the layout \
of ChestX-ray14 (stage 2), then on COVID-19, pneumonia and normal, starting from the output \
neurons that both label sets share (stage 3)."""


class DemoSize(NamedTuple):
    """How much the demo trains.

    Attributes:
        nih_images: Images of stage 2.
        covid_images_per_class: Images of each class of stage 3.
        image_size: Height and width of the input in pixels.
        stage2_epochs: Epochs of stage 2.
        stage3_epochs: Epochs of stage 3.
        seed: Seed of everything random.
    """

    nih_images: int = 500
    covid_images_per_class: int = 120
    image_size: int = 64
    stage2_epochs: int = 8
    stage3_epochs: int = 8
    seed: int = 0


def run_demo(
    bundle_root: Path,
    out: Path,
    size: DemoSize,
    *,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Make synthetic data, train and evaluate both stages, and write a page of results.

    Args:
        bundle_root: Folder of the bundle.
        out: Folder to make.
        size: How much to train.
        overwrite: Replace an earlier demo.
        progress: Whether to show progress bars.

    Returns:
        The page.

    Raises:
        FileExistsError: If ``out`` holds something that may not be replaced.
    """
    started = time.monotonic()
    check_replaceable(out, MARK, overwrite=overwrite)
    shutil.rmtree(out, ignore_errors=True)
    write_text(out / MARK, README)
    phantom = write_phantom(
        out / "phantom",
        nih_images=size.nih_images,
        covid_images_per_class=size.covid_images_per_class,
        seed=size.seed,
        progress=progress,
    )
    _train(bundle_root, out, phantom, size, progress)
    _evaluate(bundle_root, out, phantom, progress)
    page = _write_page(out, phantom)
    logger.info("Done in %.1f minutes", (time.monotonic() - started) / 60)
    return page


def _train(bundle_root: Path, out: Path, phantom: Path, size: DemoSize, progress: bool) -> None:
    shared = {
        **PLACEMENT,
        "image_size": size.image_size,
        "batch_size": 8,
        "seed": size.seed,
        "progress": progress,
    }
    covid = {
        **shared,
        "dataset_dir": str(phantom / "covid"),
        "max_epochs": size.stage3_epochs,
        "head_epochs": 1,
        "learning_rate": STAGE3_LEARNING_RATE,
        "head_learning_rate": STAGE3_LEARNING_RATE,
    }
    logger.info("Stage 2: findings in the layout of ChestX-ray14")
    run_config(
        bundle_root,
        "stage2_nih.yaml",
        "training",
        dataset_dir=str(phantom / "nih"),
        exclude_manifests=[str(phantom / "covid" / "metadata.csv")],
        output_dir=str(out / "stage2"),
        max_epochs=size.stage2_epochs,
        # There is no pretrained backbone that a new head must not spoil.
        head_epochs=0,
        learning_rate=STAGE2_LEARNING_RATE,
        **shared,
    )
    logger.info("Stage 3: COVID-19 / pneumonia / normal, keeping output neurons")
    run_config(
        bundle_root,
        "stage3_covid.yaml",
        "training",
        output_dir=str(out / "stage3"),
        stage2_model=str(out / "stage2" / "model.pt"),
        **covid,
    )
    logger.info("For comparison: the same without stage 2")
    run_config(
        bundle_root,
        "stage3_covid.yaml",
        "training",
        output_dir=str(out / "direct"),
        stage2_model=NO_MODEL,
        **covid,
    )


def _evaluate(bundle_root: Path, out: Path, phantom: Path, progress: bool) -> None:
    for run, data, folder in (
        ("stage2", "nih", out / "stage2" / "evaluation"),
        ("direct", "covid", out / "direct" / "evaluation"),
        ("stage3", "covid", out / "results"),
    ):
        run_config(
            bundle_root,
            "evaluate.yaml",
            "evaluating",
            dataset_dir=str(phantom / data),
            checkpoint=str(out / run / "model.pt"),
            output_dir=str(folder),
            progress=progress,
        )


def _write_page(out: Path, phantom: Path) -> Path:
    results = out / "results"
    curves = [
        read_learning_curves(out / run / "learning_curve.csv") for run in ("stage3", "direct")
    ]
    save_png(draw_learning_curves(pd.concat(curves)), results / "learning_curves.png")
    table = read_predictions(results / "predictions.csv", COVID_LABELS)
    examples = choose_examples(table, phantom / "covid" / "images")
    sheet = draw_example_sheet(
        examples, COVID_LABELS, title="Synthetic radiographs of the test set"
    )
    save_png(sheet, results / "examples.png")
    stage2 = Section(
        "Stage 2",
        "AUC of each finding on the synthetic test patients of stage 2.",
        (Picture(out / "stage2" / "evaluation" / "label_auc.png", "Findings by AUC."),),
    )
    title = "Twice transfer learning on synthetic radiographs"
    sections = (stage2, Section("How this was measured", METHOD))
    return write_page(results, title, lead=LEAD, sections=sections)


def choose_examples(table: pd.DataFrame, images: Path, per_class: int = 4) -> list[Example]:
    """Return the first ``per_class`` images of every class of a predictions table, as they come."""
    columns = [probability_column(label) for label in COVID_LABELS]
    chosen = table.groupby(LABEL, sort=False).head(per_class)
    order = chosen[LABEL].map(COVID_LABELS.index).sort_values(kind="stable").index
    return [
        Example(read_image(images / row["image"]), row[LABEL], row[columns].to_numpy(dtype=float))
        for _, row in chosen.loc[order].iterrows()
    ]
