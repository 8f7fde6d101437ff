"""The folder of results: a page for each stored study, its figures, and the index."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import atomic_path, check_writable
from monai_covid.errors import OptionError
from monai_covid.lab.studies.pages.figures import draw_curves, png
from monai_covid.lab.studies.pages.forest import draw_forest
from monai_covid.lab.studies.pages.markdown import DASH, escape, estimate, feature_name, table
from monai_covid.lab.studies.pages.page import HOW_TO_READ, study_page
from monai_covid.lab.studies.pages.radiologist import chosen_arm
from monai_covid.lab.studies.pages.records import Study
from monai_covid.lab.studies.pages.stored import read_study
from monai_covid.lab.studies.pages.tables import best_trivial_feature

TITLE = "# Results"

LEAD = (
    "The arm of each study that did best on validation images, its test accuracy with the 95 % "
    "interval over patients, and what the best trivial feature reaches on the same folds."
)

HEADER = ("Study", "Question", "Runs", "Best arm by validation", "Test accuracy", "Best trivial")

INDEX = "index.md"

DATA = "data"

FIGURES = "figures"

STUDY_JSON = "study.json"


def write_results(
    files: Sequence[Path], out: Path | str, *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write a page for each study file, and the index of all studies in ``out``.

    A file called ``study.json`` gives the page the name of its folder, any other its own. Each file
    is kept as ``data/NAME.json``, from which the same pages can be made again; the index covers all
    files there. Everything is made before anything is written.

    Args:
        files: Stored studies.
        out: Folder; made if it is not there.
        overwrite: Replace pages of these names.

    Returns:
        The pages, then the index.

    Raises:
        InputError: If a file cannot be used; nothing is written then.
        OptionError: If two studies have one name, or a name does not do for a file.
        FileExistsError: If a page is there already.
    """
    out = Path(out)
    named = _named(files)
    _check_free(out, named, overwrite=overwrite)
    check_writable(out)
    studies = {name: read_study(file, name) for name, file in named.items()}
    stored = {
        file.stem: read_study(file, file.stem)
        for file in sorted((out / DATA).glob("*.json"))
        if file.stem not in studies
    }
    content: dict[str, bytes] = {}
    for name, study in studies.items():
        content |= {f"{DATA}/{name}.json": named[name].read_bytes(), **_files_of(study)}
    content[INDEX] = index_page([*stored.values(), *studies.values()]).encode()
    _write(out, content)
    return (*(out / f"{name}.md" for name in studies), out / INDEX)


def index_page(studies: Sequence[Study]) -> str:
    """Return the Markdown index of ``studies``, in the order of their names."""
    rows = [_row(study) for study in sorted(studies, key=lambda study: study.name)]
    parts = [
        TITLE,
        f"**{RESEARCH_USE_ONLY}** {HOW_TO_READ}",
        LEAD,
        table(HEADER, rows),
        "Made by `monai-covid results` from the stored study files in [data](data).",
    ]
    return "\n\n".join(parts) + "\n"


def _row(study: Study) -> tuple[str, ...]:
    planned = sum(arm.planned for arm in study.arms)
    finished = sum(arm.finished for arm in study.arms)
    runs = f"{finished}" if finished >= planned else f"{finished} of {planned}, not finished"
    arm = chosen_arm(study)
    return (
        f"[{escape(study.title)}]({study.name}.md)",
        escape(study.question),
        runs,
        escape(arm.name) if arm else DASH,
        estimate(arm.test.get("accuracy")) if arm else DASH,
        _best_trivial(study),
    )


def _best_trivial(study: Study) -> str:
    best = best_trivial_feature(study)
    if best is None:
        return DASH
    return f"{feature_name(best)}: {estimate(study.baselines[best]['accuracy'])}"


def name_of(file: Path) -> str:
    """Return what the page of a study file is called."""
    return file.resolve().parent.name if file.name == STUDY_JSON else file.stem


def _named(files: Sequence[Path]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for file in files:
        name = name_of(file)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) or name == "index":
            raise OptionError(
                f"{file}: its page would be called {name!r}; rename the file: letters, digits, "
                "dots, dashes and underscores, and not index"
            )
        if name in named:
            raise OptionError(f"{file} and {named[name]}: both pages would be called {name}")
        named[name] = file
    return named


def _check_free(out: Path, named: Mapping[str, Path], *, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file; a folder is to be made there")
    taken = [out / f"{name}.md" for name in named]
    if not (out / DATA).is_dir():
        taken.append(out / INDEX)  # An index without stored studies is somebody else's page.
    existing = [str(path) for path in taken if path.exists()]
    if existing and not overwrite:
        raise FileExistsError(f"{', '.join(existing)} exists already; --overwrite replaces it")


def _files_of(study: Study) -> dict[str, bytes]:
    return {
        f"{study.name}.md": study_page(study, FIGURES).encode(),
        f"{FIGURES}/{study.name}-curves.png": png(draw_curves(study.begun())),
        f"{FIGURES}/{study.name}-forest.png": png(draw_forest(study.begun())),
    }


def _write(out: Path, content: Mapping[str, bytes]) -> None:
    for place, data in content.items():
        with atomic_path(out / place) as temporary:
            temporary.write_bytes(data)
