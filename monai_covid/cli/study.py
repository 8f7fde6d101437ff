"""``monai-covid study``: arms that differ in one thing, over seeds and folds."""

from __future__ import annotations

import argparse
import logging
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from monai_covid.cli.arguments import OUT_OF_TIME, add_old_name, add_out, add_shared, check_numbers
from monai_covid.data.files import check_writable
from monai_covid.data.readings import readings_of
from monai_covid.errors import InputError, OptionError, RunFolderError
from monai_covid.lab.studies.baselines import write_baselines
from monai_covid.lab.studies.collections import Collections, missing_collections, study_folds
from monai_covid.lab.studies.definition import Run, Study
from monai_covid.lab.studies.initial_weights import (
    check_packages,
    describe_classes,
    describe_files,
    describe_weights,
    imagenet_files,
    name_and_hash,
)
from monai_covid.lab.studies.jobs import run_jobs
from monai_covid.lab.studies.layout import Layout, Machine
from monai_covid.lab.studies.one_run import Runner
from monai_covid.lab.studies.plan import recorded_study
from monai_covid.lab.studies.readings import store_readings
from monai_covid.lab.studies.results import Results
from monai_covid.lab.studies.study_file import find_study, read_study, shipped_studies
from monai_covid.lab.studies.work import RunSelection, check_prerequisites, work
from monai_covid.models.device import choose_device
from monai_covid.training.budget import TimeBudget

logger = logging.getLogger(__name__)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    names = ", ".join(shipped_studies())
    parser.add_argument("study", help=f"study file, or one of {names}")
    add_shared(parser, "data", required=True)
    add_old_name(parser, "--covid", "--data", type=Path)
    add_shared(parser, "nih")
    parser.add_argument("--extra", type=Path, help="folder of further images (none)")
    parser.add_argument(
        "--leave-out",
        type=Path,
        nargs="+",
        default=[],
        help="CSV files of images of --extra to leave out (none)",
    )
    add_shared(parser, "readings", "classes")
    add_out(parser, "folder for all results")
    parser.add_argument(
        "--imagenet",
        nargs="+",
        default=["auto"],
        help="ImageNet-pretrained weights: auto, none or files (auto)",
    )
    add_shared(parser, "minutes", "device")
    parser.add_argument("--jobs", type=int, default=1, help="processes of one thread each (1)")
    parser.add_argument("--seeds", type=int, nargs="+", help="seeds of this call (the study's)")
    parser.add_argument("--folds", type=int, nargs="+", help="folds of this call (the study's)")
    parser.add_argument("--arms", nargs="+", metavar="ARM", help="arms of this call (all)")
    add_shared(parser, "resamples", "quiet", "bundle")
    add_old_name(parser, "--progress", "the default, see --quiet", dest="progress", nargs=0)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Do the runs that are not done and write ``study.json``."""
    check_numbers(options, jobs=1)
    budget = TimeBudget(options.minutes)
    data = Collections(
        options.data.resolve(),
        options.nih.resolve() if options.nih else None,
        options.extra.resolve() if options.extra else None,
        options.classes,
    )
    study = _asked_for(options, data)
    _check(study, data, options)
    check_packages(study, options.arms)
    files = imagenet_files(study, options.imagenet)
    layout = Layout(options.out.resolve())
    check_writable(layout.root)
    if options.overwrite:
        _remove(layout, options.readings)
    chosen = RunSelection(study.seeds, study.folds, options.arms)
    excluded = tuple(file.resolve() for file in options.leave_out)
    used = _used_files(files, excluded) | {"classes": describe_classes(options.classes)}
    study = recorded_study(study, layout.plan, used)
    machine = Machine(
        options.bundle.resolve(),
        data,
        excluded,
        files,
        device=options.device,
        progress=not options.quiet,
        resamples=options.resamples,
    )
    runner = Runner(study, layout, machine, budget)
    runs = chosen.runs(study)
    check_prerequisites(runner, runs)
    if options.worker:
        left = work(runner, runs, lambda: None)
        return OUT_OF_TIME if left and budget.minutes_left() == 0 else 0
    return _conduct(options, runner, runs, used)


def _conduct(
    options: argparse.Namespace, runner: Runner, runs: Sequence[Run], used: dict[str, str]
) -> int:
    device = str(choose_device(options.device))
    machine: dict[str, Any] = {
        "device": device.partition(":")[0],
        "imagenet": "; ".join(
            dict.fromkeys(describe_weights(dict(runner.machine.imagenet)).values())
        ),
        "files": used,
    }
    readings, file = None, store_readings(options.readings, runner.layout)
    if file is not None:
        readings = readings_of(file, runner.machine.data.records)
        machine["readings"] = name_and_hash(file)
    results = Results(runner, machine, readings)
    write_baselines(runner.study, runner.machine.data, runner.layout)

    def look() -> None:
        if results.write_if_more():
            done = sum(runner.is_done(run) for run in runs)
            logger.info("%d of %d runs are finished", done, len(runs))

    status = 0
    if options.jobs == 1:
        work(runner, runs, look)
    elif any(not runner.is_done(run) for run in runs):
        status = run_jobs(_worker_command(options, runner), options.jobs, _logs(runner), look)
    print(f"results: {results.write()}")
    if status not in (0, OUT_OF_TIME):
        raise SystemExit(f"error: a process ended with status {status}; see {_logs(runner)}")
    return _report(runner, runs)


def _used_files(weights: dict[str, Path | None], excluded: Sequence[Path]) -> dict[str, str]:
    used = {f"ImageNet weights of {name}": text for name, text in describe_weights(weights).items()}
    return {**used, "images left out": describe_files(excluded)}


def _report(runner: Runner, runs: Sequence[Run]) -> int:
    left = [run for run in runs if not runner.is_done(run)]
    if not left:
        return 0
    for arm, count in Counter(run.arm for run in left).items():
        print(f"still to be done: {count} of {arm}")
    if runner.budget.minutes_left() == 0:
        print("Time is up; everything is saved. The same command goes on from here.")
        return OUT_OF_TIME
    failed = [run for run in left if runner.has_failed(run)]
    print(f"training diverged: {'; '.join(map(str, failed))}")
    return 1


def _asked_for(options: argparse.Namespace, data: Collections) -> Study:
    study = read_study(find_study(options.study))
    return replace(
        study,
        seeds=tuple(options.seeds or study.seeds),
        folds=tuple(options.folds or study.folds or study_folds(study, data)),
    )


def _check(study: Study, data: Collections, options: argparse.Namespace) -> None:
    """Check what can be checked before anything is trained.

    Raises:
        OptionError: Naming what is missing.
    """
    problems = missing_collections(study, data)
    problems += [
        f"--leave-out {file}: no such file" for file in options.leave_out if not file.is_file()
    ]
    if options.readings is not None:
        problems += _unreadable(options.readings, data)
    known = study_folds(study, data)
    unknown = [str(fold) for fold in study.folds if fold not in known]
    if unknown:
        there = [
            str(number) if name == str(number) else f"{number} ({name})"
            for number, name in known.items()
        ]
        problems.append(f"folds {', '.join(unknown)}: {data.manifest} has {', '.join(there)}")
    if problems:
        raise OptionError("\n  ".join(["the study cannot be run:", *problems]))


def _unreadable(readings: Path, data: Collections) -> list[str]:
    """Return what is wrong with the table of readings."""
    try:
        readings_of(readings, data.records)
    except InputError as error:
        return [f"--readings: {error}"]
    return []


def _remove(layout: Layout, given: Path | None) -> None:
    """Remove an earlier study; a folder with anything else in it is left alone.

    Args:
        layout: Where its files lie.
        given: Readings that are given anew, which may be those that it kept.

    Raises:
        RunFolderError: If the folder holds no study.
    """
    if not layout.root.exists() or not any(layout.root.iterdir()):
        return
    if not layout.plan.is_file():
        raise RunFolderError(f"{layout.root}: holds no study ({layout.plan.name}); not replaced")
    for name in ("runs", "stage1", "stage2", "baselines", "logs"):
        shutil.rmtree(layout.root / name, ignore_errors=True)
    for file in (layout.results, layout.plan, layout.readings):
        if given is None or given.resolve() != file:
            file.unlink(missing_ok=True)


def _logs(runner: Runner) -> Path:
    return runner.layout.root / "logs"


def _worker_command(options: argparse.Namespace, runner: Runner) -> list[str]:
    data = runner.machine.data
    command = ["-m", "monai_covid", "study", options.study, "--worker", "--quiet"]
    command += ["--data", str(data.covid), "--out", str(runner.layout.root)]
    command += ["--bundle", str(runner.machine.bundle), "--resamples", str(options.resamples)]
    command += ["--imagenet", *options.imagenet]
    if runner.machine.leave_out:
        command += ["--leave-out", *map(str, runner.machine.leave_out)]
    optional = {"--nih": data.nih, "--extra": data.extra, "--device": options.device}
    optional["--classes"] = data.classes
    optional["--minutes"] = runner.budget.minutes_left()
    for name, value in optional.items():
        command += [] if value is None else [name, str(value)]
    for name in ("seeds", "folds", "arms"):
        given = getattr(options, name)
        command += [f"--{name}", *map(str, given)] if given else []
    return command
