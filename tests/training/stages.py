"""Tiny collections, and runs of the bundle's stages on them with a tiny network."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import monai.bundle
import torch
from monai.utils import set_determinism

from monai_covid.labels import NIH_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS
from tests.data.collections_on_disk import three_classes, write_manifest, write_nih
from tests.models.tiny import TINY
from tests.processes import WarmProcess, run_as_main

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"
CONFIGS = BUNDLE / "configs"

SMALL = {
    "image_size": 32,
    "batch_size": 4,
    "max_epochs": 4,
    "head_epochs": 2,
    "validation_fraction": 0.3,
    "progress": False,
}
"""Options of a run of a second or two."""

FROM_RANDOM = {"stage2_model": "none", "imagenet": "none"}
"""Options of a stage 3 that starts from random weights."""

LABELLED_ONLY = ("head_epochs", "validation_fraction")
"""Options of `SMALL` that stage 1 lacks."""

THREADS = 1
"""For every run: another number may change the last digits, and tiny images need no more."""

TIMES = ("seconds", "images_per_second")


def write_covid(folder: Path, patients: int = 8) -> Path:
    """Write 3 classes with a picture for each of ``patients`` patients; return the folder."""
    write_manifest(folder, three_classes(patients=patients, images=1))
    return folder


def write_findings(folder: Path, patients: int = 4) -> Path:
    """Write the NIH layout: every label with a picture for each of ``patients`` patients."""
    rows = [
        (f"{label * 100 + patient:08d}_000.png", name, f"{label * 100 + patient}")
        for label, name in enumerate(NIH_LABELS)
        for patient in range(patients)
    ]
    names = [row[0] for row in rows]
    return write_nih(folder, rows, names[:-1], names[-1:])


def run_stage(stage: str, dataset: Path, output: Path, **options) -> None:
    """Run a stage in this process; the fixture ``tiny_network`` makes it fast.

    It starts from random weights, stage 3 too unless ``stage2_model`` is given.
    """
    assert BLOCK_LAYERS["densenet121"] == TINY
    places = {"output_dir": str(output)}
    if stage.startswith("stage1"):
        small = {name: value for name, value in SMALL.items() if name not in LABELLED_ONLY}
    else:
        small = {**SMALL, "dataset_dir": str(dataset)}
    chosen = {**small, **places, **options}
    if stage == "stage3_covid" and "stage2_model" not in options:
        chosen = {**FROM_RANDOM, **chosen}
    elif stage not in ("stage3_covid", "stage1_distilled"):
        chosen.setdefault("imagenet", "none")
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        monai.bundle.run(
            run_id="training",
            config_file=str(CONFIGS / f"{stage}.yaml"),
            bundle_root=str(BUNDLE),
            **chosen,
        )
    finally:
        torch.set_num_threads(threads)
        set_determinism(None)


def arguments(*configs: str, **options) -> list[str]:
    """Return the command line that runs configs with ``options``, upon those of `SMALL`."""
    files = [str(CONFIGS / f"{name}.yaml") for name in configs]
    chosen = {"config_file": files, "bundle_root": BUNDLE, **SMALL, **options}
    words = (text for name, value in chosen.items() for text in (f"--{name}", f"{value}"))
    return ["run", "training", *words]


def start(
    folder: Path,
    *arguments: str,
    prepare: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> WarmProcess:
    """Start ``monai.bundle`` with the tiny network in a process of its own.

    Args:
        folder: Working folder.
        arguments: Its command line.
        prepare: What the process calls first.
        environment: What is added to its environment.
    """
    return WarmProcess(run_tiny, prepare, *arguments, folder=folder, environment=environment)


def run_tiny(prepare: Callable[[], None] | None, *arguments: str) -> None:
    """Run ``monai.bundle`` with the tiny network as the program that this process is."""
    BLOCK_LAYERS["densenet121"] = TINY
    if prepare:
        prepare()
    run_as_main("monai.bundle", *arguments)


def last(run: Path) -> dict:
    """Return what a run would continue from."""
    return torch.load(run / "last.pt", weights_only=True)


def curve(run: Path, *without: str) -> list[dict[str, str]]:
    """Return the rows of a run's learning curve, without its times."""
    with (run / "learning_curve.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    dropped = {*TIMES, "run", *without}
    return [{key: value for key, value in row.items() if key not in dropped} for row in rows]


def differences(first, second, place: str = "") -> list[str]:
    """Return where two nested states differ in the least."""
    if isinstance(first, torch.Tensor):
        same = first.dtype == second.dtype and torch.equal(first, second)
        return [] if same else [place]
    if isinstance(first, dict):
        if first.keys() != second.keys():
            return [f"{place}: {first.keys() ^ second.keys()}"]
        return [d for key in first for d in differences(first[key], second[key], f"{place}/{key}")]
    if isinstance(first, (list, tuple)):
        if len(first) != len(second):
            return [f"{place}: {len(first)} and {len(second)}"]
        pairs = enumerate(zip(first, second, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{place}/{i}")]
    return [] if first == second else [f"{place}: {first!r} and {second!r}"]


def assert_same_end(first: Path, second: Path) -> None:
    """Fail unless two runs ended in the same state, bit for bit."""
    states = [last(run) for run in (first, second)]
    for state in states:
        state["settings"] = None
        for row in state["curve"]["rows"]:
            for name in (*TIMES, "run"):
                del row[name]
    assert not differences(*states)
    assert curve(first) == curve(second)
    models = [torch.load(run / "model.pt", weights_only=True) for run in (first, second)]
    assert not differences(*models)
