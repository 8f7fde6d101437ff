"""``monai-covid model-card``: what a model is, was trained on, and reaches, as one page."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import add_model, add_old_name, add_out, check_out
from monai_covid.data.files import write_text
from monai_covid.errors import OptionError
from monai_covid.inference.validation import run_settings
from monai_covid.lab.model_card import ModelFile, model_card
from monai_covid.lab.studies.pages.folder import name_of
from monai_covid.lab.studies.pages.stored import read_study
from monai_covid.models.model_file import file_hash, read_model_info


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_model(parser)
    add_old_name(parser, "MODEL", "--model", type=Path, nargs="?")
    add_out(parser, "Markdown file to write")
    parser.add_argument(
        "--study", type=Path, nargs="+", default=[], help="study.json files with its figures (none)"
    )
    parser.add_argument(
        "--arm", help="arm of the study that was trained as this model was (the best by validation)"
    )
    parser.add_argument(
        "--data-text", type=Path, metavar="MD", help="Markdown file on the data and their licences"
    )
    add_old_name(parser, "--data", "--data-text", type=Path)
    parser.add_argument(
        "--run-folder",
        type=Path,
        help="folder with summary.json of the training (that of the model)",
    )


def run(options: argparse.Namespace) -> int:
    """Write the card and print where it is."""
    check_out(options.out, overwrite=options.overwrite)
    info = read_model_info(options.model)
    made_in = (
        options.model if options.run_folder is None else options.run_folder / options.model.name
    )
    model = ModelFile(
        options.model.name,
        file_hash(options.model),
        options.model.stat().st_size,
        info,
        run_settings(made_in),
    )
    studies = [read_study(file, name_of(file)) for file in options.study]
    write_text(options.out, model_card(model, studies, options.arm, _text(options.data_text)))
    print(options.out)
    return 0


def _text(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"--data-text: {file} cannot be read as text ({error})") from error
