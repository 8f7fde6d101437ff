"""One self-contained HTML page of a report folder: numbers, tables and pictures."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import write_text
from monai_covid.evaluation.pages.style import STYLE_SHEET
from monai_covid.evaluation.pages.tables import Table, headline_numbers, metric_tables, value_table
from monai_covid.evaluation.report_folder import METRICS_JSON

PAGE = "index.html"
WIDE = 1500
"""Pictures of more pixels across take the whole width of the page."""


class Picture(NamedTuple):
    """A picture of the page.

    Attributes:
        path: PNG file; it is copied into the page.
        caption: Text under it.
    """

    path: Path | str
    caption: str


class Section(NamedTuple):
    """A part of the page under its own heading.

    Attributes:
        title: Heading.
        text: Plain text; blank lines separate paragraphs.
        pictures: Shown under the text.
        table: Shown under the text, above the pictures.
        level: Of the heading: 2, or 3 for a part of the section above.
    """

    title: str
    text: str = ""
    pictures: Sequence[Picture] = ()
    table: Table | None = None
    level: int = 2


REPORT_PICTURES = (
    Picture("confusion_matrix.png", "Images of each true class (rows) by prediction (columns)."),
    Picture("roc.png", "Each class against the rest; bands are 95 % intervals over patients."),
    Picture("label_auc.png", "Labels by AUC; lines are 95 % intervals over patients."),
    Picture("learning_curves.png", "Loss and AUC while training."),
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
    ``REPORT_PICTURES`` that are there, then ``sections``. It is readable in light and dark.

    Args:
        folder: Existing folder.
        title: Heading of the page.
        lead: Plain text under the heading.
        sections: Further parts.

    Returns:
        Path of the page.

    Raises:
        FileNotFoundError: If the folder or a picture of ``sections`` does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    parts = [_header(title, lead), *_report_parts(folder), *map(_section, sections)]
    write_text(folder / PAGE, _document(title, parts))
    return folder / PAGE


def _report_parts(folder: Path) -> list[str]:
    parts = []
    if (folder / METRICS_JSON).is_file():
        content: dict[str, Any] = json.loads((folder / METRICS_JSON).read_text(encoding="utf-8"))
        parts += [headline_numbers(content), metric_tables(content)]
    found = [
        Picture(folder / picture.path, picture.caption)
        for picture in REPORT_PICTURES
        if (folder / picture.path).is_file()
    ]
    return [*parts, _section(Section("Plots", pictures=found))] if found else parts


def _document(title: str, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{STYLE_SHEET}</style>",
            "</head>",
            "<body>",
            "<main>",
            *parts,
            f"<footer>{escape(RESEARCH_USE_ONLY)}</footer>",
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _header(title: str, lead: str) -> str:
    text = _paragraphs(lead, "lead")
    notice = f'<p class="notice">{escape(RESEARCH_USE_ONLY)}</p>'
    return f"<header>\n{notice}\n<h1>{escape(title)}</h1>\n{text}</header>"


def _section(section: Section) -> str:
    figures = "\n".join(_figure(picture) for picture in section.pictures)
    pictures = f'<div class="pictures">\n{figures}\n</div>\n' if figures else ""
    text = _paragraphs(section.text)
    table = f"{value_table(section.table)}\n" if section.table else ""
    heading = f"<h{section.level}>{escape(section.title)}</h{section.level}>"
    return f"<section>\n{heading}\n{text}{table}{pictures}</section>"


def _figure(picture: Picture) -> str:
    data = Path(picture.path).read_bytes()
    content = base64.b64encode(data).decode("ascii")
    caption = escape(picture.caption)
    image = f'<img alt="{caption}" src="data:image/png;base64,{content}">'
    style = ' class="wide"' if _is_wide(data) else ""
    return f"<figure{style}>{image}<figcaption>{caption}</figcaption></figure>"


def _is_wide(png: bytes) -> bool:
    # A PNG file has its width in bytes 16 to 19 (W3C PNG specification, IHDR).
    return int.from_bytes(png[16:20], "big") > WIDE


def _paragraphs(text: str, style: str = "") -> str:
    attribute = f' class="{style}"' if style else ""
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return "".join(f"<p{attribute}>{escape(part)}</p>\n" for part in parts)
