"""One self-contained HTML page of a report folder: the finding, tables, pictures, method."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import write_text
from monai_covid.evaluation.pages.tables import Table, Value, class_table, headline_values
from monai_covid.evaluation.report_folder import METRICS_JSON
from monai_covid.evaluation.wording import interval, number, sample_size

PAGE = "index.html"
WIDE = 1500
"""Pictures of more pixels across take the whole width of the page."""

LONGEST_NUMBER = 24
"""Characters; longer cells of a table are text, which may wrap."""


class Picture(NamedTuple):
    """A picture of the page.

    Attributes:
        path: PNG file; it is copied into the page.
        caption: Text under it, which also stands for it where it cannot be seen.
    """

    path: Path | str
    caption: str


class Section(NamedTuple):
    """A part of the page under its own heading.

    Attributes:
        title: Heading.
        text: The finding, in plain text; blank lines separate paragraphs.
        pictures: Shown under the table.
        table: Shown under the text.
        level: Of the heading: 2, or 3 for a part of the section above.
        method: How it was measured and is to be read; plain text at the end of the section.
    """

    title: str
    text: str = ""
    pictures: Sequence[Picture] = ()
    table: Table | None = None
    level: int = 2
    method: str = ""


REPORT_PICTURES = (
    Picture("confusion_matrix.png", "Images of each true class (rows) by prediction (columns)."),
    Picture("roc.png", "Each class against the rest; bands are 95 % intervals over patients."),
    Picture("label_auc.png", "Labels by AUC; lines are 95 % intervals over patients."),
    Picture("learning_curves.png", "Loss and AUC during training."),
    Picture("folds.png", "Every fold, and all folds pooled."),
    Picture("examples.png", "Radiographs with their true and predicted classes."),
)
"""Pictures that a page shows when its folder has them."""


def write_page(
    folder: Path | str,
    title: str,
    *,
    lead: str = "",
    sections: Sequence[Section] = (),
) -> Path:
    """Write ``index.html`` into ``folder``; it needs no other file and no network.

    The page shows ``metrics.json`` of ``write_report`` when the folder has it, those of
    ``REPORT_PICTURES`` that are there, then ``sections``. It is readable in light and dark, on a
    phone and in print.

    Args:
        folder: Existing folder.
        title: Heading of the page.
        lead: The finding in plain text, under the heading.
        sections: Further parts.

    Returns:
        Path of the page.

    Raises:
        FileNotFoundError: If the folder or a picture of ``sections`` does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    cards, report_sections = _report(folder)
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            notice=RESEARCH_USE_ONLY,
            lead=lead,
            cards=cards,
            sections=[*report_sections, *sections],
            longest_number=LONGEST_NUMBER,
        )
    )
    write_text(folder / PAGE, page)
    return folder / PAGE


def _report(folder: Path) -> tuple[dict[str, Value], list[Section]]:
    """Return the headline values and sections of the report in ``folder``; nothing without one."""
    cards: dict[str, Value] = {}
    sections = []
    if (folder / METRICS_JSON).is_file():
        content = json.loads((folder / METRICS_JSON).read_text(encoding="utf-8"))
        cards = headline_values(content)
        size = sample_size(content["n_images"], content["n_patients"])
        level = f"{100 * content['interval']['level']:.0f} %"
        remarks = " ".join([f"Below each value its {level} interval.", *content["remarks"]])
        noun = "label" if content["task"] == "multi-label" else "class"
        table = class_table(content)
        sections.append(Section(f"Each {noun}", f"{size}.", table=table, method=remarks))
    pictures = [
        Picture(folder / picture.path, picture.caption)
        for picture in REPORT_PICTURES
        if (folder / picture.path).is_file()
    ]
    return cards, [*sections, Section("Plots", pictures=pictures)] if pictures else sections


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("monai_covid.evaluation.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = number
    environment.filters["interval"] = lambda value: interval(value.low, value.high)
    environment.filters["data_url"] = _data_url
    environment.tests["wide"] = _is_wide
    return environment


def _data_url(picture: Picture) -> str:
    content = base64.b64encode(Path(picture.path).read_bytes()).decode("ascii")
    return f"data:image/png;base64,{content}"


def _is_wide(picture: Picture) -> bool:
    # A PNG file has its width in bytes 16 to 19 (W3C PNG specification, IHDR).
    with Path(picture.path).open("rb") as file:
        return int.from_bytes(file.read(20)[16:], "big") > WIDE
