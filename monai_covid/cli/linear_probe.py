"""``monai-covid linear-probe``: a linear head on a frozen network, as a model, in minutes."""

from __future__ import annotations

import argparse
from typing import Any

from tqdm import tqdm

from monai_covid.cli.arguments import add_out, add_shared, check_numbers
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.datalists import stage3_datalist
from monai_covid.data.records import Datalist, Records
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
    ProbeFitter,
    Sections,
    frozen_network,
    put_on,
)

MODEL = "model.pt"
FOLDS = 5

UNKNOWN = (
    "Not known here: whether {} was trained on these images. If it was, no hospital was held out: "
    "make sure that it was not."
)


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
    folds, records = _folds(options, labels), _records(options, labels)
    items = records.single_label_datalist()
    with tqdm(total=len(items), unit="image", disable=options.quiet) as bar:
        inputs(items, options.data, bar.update)
    fitter = ProbeFitter(inputs, info, options.data, _hospitals(options, records, items))
    tables, probes = fitter.cross_fitted(folds)
    column = options.hold_out_by or FOLD
    report = cross_validate(tables, labels.names, options.resamples, column=column)
    probe = fitter.final(items, probes)
    with whole_folder(options.out, MODEL, overwrite=options.overwrite) as folder:
        save_model(folder / MODEL, put_on(network.cpu(), probe), info)
        write_cross_validation(report, folder / "cross_validation")
    print(cross_validation_text(report))
    if options.start != IMAGENET:
        print(UNKNOWN.format(options.start))
    print(f"{options.out / MODEL}, fitted to all {len(items)} images")
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


def _records(options: argparse.Namespace, labels: LabelSet) -> Records:
    return read_collection(
        options.data,
        labels.names,
        image_dir=options.image_dir,
        patient_pattern=options.patient_pattern,
    )


def _hospitals(options: argparse.Namespace, records: Records, items: Datalist) -> dict[str, str]:
    """Return the hospital of each image, by its path; none where no column is named."""
    if options.hold_out_by is None:
        return {}
    cells = records.frame[options.hold_out_by].astype(str)
    return {item["image"]: cell for item, cell in zip(items, cells, strict=True)}
