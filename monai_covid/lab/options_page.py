"""The reference page of all options, made from the tables that check them.

``python -m monai_covid.lab.options_page docs/reference/options.md`` rewrites it. The table of
``cross_validate.yaml`` and its check stand here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from monai_covid.data.files import write_text
from monai_covid.training.options import (
    Option,
    check_options,
    option_problems,
    optional,
    restore_running_texts,
    running_config,
)
from monai_covid.training.workflow_checks import WIRING
from monai_covid.training.workflow_options import (
    EVALUATION,
    EXPLANATION,
    INFERENCE,
    PLACES,
    STAGE1,
    STAGE1_DISTILLED,
    STAGE2,
    STAGE3,
    STAGE3_DATA,
    TRAINING,
    start_conflicts,
)

CROSS_VALIDATION = {
    **PLACES,
    "manifest": optional(STAGE3_DATA["manifest"]),
    "stage3": Option((dict,), "options of stage3_covid.yaml, as --stage3#max_epochs 20"),
    "minutes": TRAINING["minutes"],
    "resamples": EVALUATION["resamples"],
    "resume": TRAINING["resume"],
    "overwrite": TRAINING["overwrite"],
}


def check_cross_validation() -> None:
    """Check the running config's options, and those it hands on to stage 3.

    Raises:
        SystemExit: Listing every unknown name and unusable value.
    """
    check_options(CROSS_VALIDATION, (*WIRING, "training", "budget"))
    restore_running_texts(STAGE3, "stage3#")
    handed_on = running_config()["stage3"]
    taken = {name: STAGE3[name] for name in handed_on if name in STAGE3}
    problems = option_problems(handed_on, taken, STAGE3) + start_conflicts(handed_on)
    problems += [
        f"--{name} cannot be set here: every fold has its own"
        for name in ("fold", "output_dir")
        if name in handed_on
    ]
    if problems:
        listed = "\n  ".join(problems)
        raise SystemExit(f"error: unusable options below stage3:\n  {listed}")


CONFIGS = {
    "stage1_selfsupervised.yaml": STAGE1,
    "stage1_distilled.yaml": STAGE1_DISTILLED,
    "stage2_nih.yaml": STAGE2,
    "stage3_covid.yaml": STAGE3,
    "cross_validate.yaml": CROSS_VALIDATION,
    "evaluate.yaml": EVALUATION,
    "inference.yaml": INFERENCE,
    "explain.yaml": EXPLANATION,
}

INTRODUCTION = """# Options of the bundle's configs

Give an option on the command line as `--name value`, or in a YAML or JSON file with `--args_file`.
The defaults stand at the top of each config. In YAML write small numbers as `1.0e-4`; `1e-4` is
read as text. On the command line write `True` and `False` with a capital letter.
"""

TYPE_NAMES = {bool: "True or False", int: "whole number", float: "number", str: "text"}


def options_page() -> str:
    """Return the page as Markdown."""
    sections = [_section(config, options) for config, options in CONFIGS.items()]
    return "\n".join([INTRODUCTION, *sections])


def _section(config: str, options: Mapping[str, Option]) -> str:
    rows = [
        f"| `{name}` | {_accepted(option)} | {option.help} |" for name, option in options.items()
    ]
    return "\n".join(
        [f"## {config}", "", "| option | accepted | what it is |", "| --- | --- | --- |", *rows, ""]
    )


def _accepted(option: Option) -> str:
    if option.choices:
        accepted = ", ".join(f"`{choice}`" for choice in option.choices)
    else:
        kinds = [kind for kind in option.kinds if kind is not type(None)]
        shown = [float] if float in kinds else kinds
        accepted = " or ".join(TYPE_NAMES.get(kind, kind.__name__) for kind in shown)
        accepted += _range(option)
    return f"{accepted}, or None" if type(None) in option.kinds else accepted


def _range(option: Option) -> str:
    if option.low is None:
        return ""
    return f" from {option.low:.10g}" + ("" if option.high is None else f" to {option.high:.10g}")


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), options_page())
