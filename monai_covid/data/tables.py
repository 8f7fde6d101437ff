"""Reading CSV files as tables of text, with line numbers and messages that say what is wrong."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from monai_covid.errors import InputError, Problem

SEPARATORS = (",", ";", "\t", "|")
"""What may stand between cells, the usual one first."""

_SEPARATOR_OF_EXCEL = re.compile(r"\Asep=[,;|\t](?=[\r\n])", re.IGNORECASE)

Row = tuple[int, list[str]]
"""Line number of a row (header: 1) and its cells without outer white space."""


def read_table(file: Path, required: Sequence[str]) -> pd.DataFrame:
    """Read a UTF-8 table; every cell stays text, so that leading zeros survive.

    Cells are separated by commas, or by semicolons, tabs or vertical bars where the header has the
    required columns that way alone, as Excel writes it in many countries. White space around cells
    is removed, blank rows and columns without a name are left out, and cells that are missing at
    the end of a row are empty.

    Args:
        file: CSV file, with or without byte order mark, with any line ending.
        required: Columns that must be there.

    Returns:
        Frame of str, indexed by line in the file (the header is line 1).

    Raises:
        InputError: The file cannot be read or decoded, is not CSV, lacks columns or has no rows.
    """
    text = read_text(file)
    rows = _parse(file, text, _separator(text, required))
    if not rows:
        raise InputError([Problem(file, None, f"is empty; expected {_listed(required)}")])
    header = _header(rows[0][1])
    problems = _header_problems(file, header, required) or _width_problems(file, rows[1:], header)
    if not problems and len(rows) == 1:
        problems = [Problem(file, None, "has a header but no rows below it")]
    if problems:
        raise InputError(problems)
    return _frame(rows[1:], header)


def read_text(file: Path) -> str:
    """Return the text of a UTF-8 file without its byte order mark.

    A first line like ``sep=;``, which tells Excel the separator, is left empty.

    Raises:
        InputError: The file is missing, unreadable or not UTF-8.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise InputError([Problem(file, None, "does not exist")]) from None
    except OSError as error:
        raise InputError([Problem(file, None, f"cannot be read: {error.strerror}")]) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8 text"
        raise InputError([Problem(file, line, message)]) from None
    if "\0" in text:
        message = "holds NUL characters (UTF-16 or binary); save the file as UTF-8 text"
        raise InputError([Problem(file, None, message)])
    return _SEPARATOR_OF_EXCEL.sub("", text)


def numbered(cells: pd.Series[str]) -> list[tuple[int, str]]:
    """Return the line and the text of each cell of a column."""
    return list(zip(cells.index.tolist(), cells.tolist(), strict=True))


def suggestion(value: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean '…'?"`` for the nearest of ``valid``, or nothing if none is near."""
    near = _nearest(value, valid)
    return f"; did you mean {near!r}?" if near else ""


def _nearest(value: str, valid: Iterable[str]) -> str | None:
    by_lower = {name.lower(): name for name in valid}
    near = difflib.get_close_matches(value.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None


def header_of(file: Path) -> list[str]:
    """Return the names of a table's columns, empty if it is none.

    Raises:
        InputError: As of :func:`read_text`.
    """
    text = read_text(file)
    return _cells(text, _separator(text, ()))


def _separator(text: str, required: Sequence[str]) -> str:
    """Return what separates the columns: what finds the required ones, else the most columns."""
    names = {separator: _cells(text, separator) for separator in SEPARATORS}
    if required and all(name in names[","] for name in required):
        return ","
    fitting = [each for each in SEPARATORS if {*required} <= {*names[each]}] or [*SEPARATORS]
    return max(fitting, key=lambda each: len(names[each]))


def _cells(text: str, separator: str) -> list[str]:
    """Return the cells of the first line that has any."""
    line = next((line for line in io.StringIO(text, newline=None) if line.strip(" ,;|\t\n")), "")
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def _parse(file: Path, text: str, separator: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append((line, stripped))
            line = reader.line_num + 1
    except csv.Error as error:
        message = f"is not a CSV row ({error}); check its quotation marks"
        raise InputError([Problem(file, line, message)]) from error
    return rows


def _header(cells: list[str]) -> list[str]:
    """Drop nameless columns at the end: the official NIH file has one."""
    width = max(position for position, cell in enumerate(cells, start=1) if cell)
    return cells[:width]


def _header_problems(file: Path, header: list[str], required: Sequence[str]) -> list[Problem]:
    names = [name for name in header if name]
    problems = [
        Problem(file, 1, f"column {name!r} occurs {names.count(name)} times; keep one")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    missing = [name for name in required if name not in names]
    if missing:
        problems.append(_missing_columns(file, names, missing))
    return problems


def _missing_columns(file: Path, names: list[str], missing: list[str]) -> Problem:
    near = {name: _nearest(name, names) for name in missing}
    hints = "".join(f"; is {have!r} meant for {name!r}?" for name, have in near.items() if have)
    return Problem(file, 1, f"lacks {_listed(missing)}; found {', '.join(names)}{hints}")


def _width_problems(file: Path, rows: list[Row], header: list[str]) -> list[Problem]:
    width = len(header)
    return [
        Problem(
            file,
            line,
            f"has {len(cells)} cells where the header names {width}; "
            "put cells that hold a separator into quotation marks",
        )
        for line, cells in rows
        if any(cells[width:])
    ]


def _frame(rows: list[Row], header: list[str]) -> pd.DataFrame:
    width = len(header)
    cells = [(row + [""] * (width - len(row)))[:width] for _, row in rows]
    index = pd.Index([line for line, _ in rows], name="line")
    frame = pd.DataFrame(cells, columns=header, index=index, dtype=str)
    return frame.loc[:, [bool(name) for name in header]]


def _listed(columns: Sequence[str]) -> str:
    return ("column " if len(columns) == 1 else "columns ") + ", ".join(map(repr, columns))
