"""``monai-covid linear-probe``: a linear head on a frozen network, as a model, in minutes."""

from __future__ import annotations

import argparse
from typing import Any

from tqdm import tqdm

from monai_covid.cli.arguments import add_out, add_shared, check_numbers
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.datalists import stage3_datalist
from monai_covid.data.records import Datalist
from monai_covid.errors import OptionError
from monai_covid.evaluation.cross_validation import FOLD, cross_validate
from monai_covid.evaluation.cross_validation_folder import (
    cross_validation_text,
    write_cross_validation,
)
from monai_covid.evaluation.report_folder import check_replaceable, whole_folder
from monai_covid.labels import LabelSet
from monai_covid.models.device import choose_device
from monai_covid.models.model_file import save_model
from monai_covid.preprocessing.settings import GREY
from monai_covid.training.classes import run_labels
from monai_covid.training.cross_validation import folds_of
from monai_covid.training.linear_probe import (
    IMAGENET,
    HeadInputs,
    Sections,
    cross_fitted,
    final_probe,
    frozen_network,
    put_on,
)

MODEL = "model.pt"
FOLDS = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_shared(parser, "data", required=True)
    add_shared(parser, "image-dir", "patient-pattern", "classes", "hold-out-by")
    parser.add_argument(
        "--start",
        default=IMAGENET,
        help="frozen network: imagenet (EfficientNet-Lite0, extra 'features'), or a model file of "
        "any stage, whose head is replaced (imagenet)",
    )
    parser.add_argument(
        "--image-size", type=int, help="side of the network's input in pixels (the file's; 224)"
    )
    parser.add_argument("--grey", choices=GREY, help="grey values (the file's; stretch)")
    add_out(parser, f"folder for {MODEL} and cross_validation/")
    add_shared(parser, "resamples", "seed", "device", "batch-size", "quiet")


def run(options: argparse.Namespace) -> int:
    """Fit, test on what was held out, and write the model."""
    check_numbers(options, **({} if options.image_size is None else {"image_size": 32}))
    check_replaceable(options.out, MODEL, overwrite=options.overwrite)
    labels = run_labels(options.classes, options.data, options.image_dir, options.patient_pattern)
    if not labels.exclusive:
        raise OptionError("a linear probe takes classes of which an image has one")
    network, info = frozen_network(
        options.start, labels, image_size=options.image_size, grey=options.grey
    )
    inputs = HeadInputs(network, info, choose_device(options.device), options.batch_size)
    folds, items = _folds(options, labels), _all_items(options, labels)
    with tqdm(total=len(items), unit="image", disable=options.quiet) as bar:
        inputs(items, options.data, bar.update)
    tables, probes = cross_fitted(folds, inputs, info, options.data)
    column = options.hold_out_by or FOLD
    report = cross_validate(tables, labels.names, options.resamples, column=column)
    probe = final_probe(items, probes, inputs, options.data)
    with whole_folder(options.out, MODEL, overwrite=options.overwrite) as folder:
        save_model(folder / MODEL, put_on(network.cpu(), probe), info)
        write_cross_validation(report, folder / "cross_validation")
    print(
        f"{cross_validation_text(report)}\n{options.out / MODEL}, fitted to all {len(items)} images"
    )
    return 0


def _folds(options: argparse.Namespace, labels: LabelSet) -> dict[str, Sections]:
    names = folds_of(
        options.data,
        options.image_dir,
        FOLDS,
        options.patient_pattern,
        options.hold_out_by,
        after_stage2=options.start != IMAGENET,
    )
    where: dict[str, Any] = {
        "labels": labels,
        "folds": FOLDS,
        "hold_out_by": options.hold_out_by,
        "image_dir": options.image_dir,
        "patient_pattern": options.patient_pattern,
        "seed": options.seed,
    }
    return {
        name: Sections(
            *(
                stage3_datalist(options.data, section, fold=fold, **where)
                for section in ("training", "validation", "test")
            )
        )
        for fold, name in names.items()
    }


def _all_items(options: argparse.Namespace, labels: LabelSet) -> Datalist:
    records = read_collection(
        options.data,
        labels.names,
        image_dir=options.image_dir,
        patient_pattern=options.patient_pattern,
    )
    return records.single_label_datalist()
