"""The reference page of all options, made from the tables that check them.

``python -m monai_covid.experiments.options_page docs/reference/options.md`` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from monai_covid.experiments.options import CROSS_VALIDATION
from monai_covid.files import write_text
from monai_covid.training.options import Option
from monai_covid.training.workflow_options import (
    EVALUATION,
    EXPLANATION,
    INFERENCE,
    STAGE1,
    STAGE1_DISTILLED,
    STAGE2,
    STAGE3,
    STAGE3_DIRECT,
)

CONFIGS = {
    "stage1_selfsupervised.yaml": STAGE1,
    "stage1_distilled.yaml": STAGE1_DISTILLED,
    "stage2_nih.yaml": STAGE2,
    "stage3_covid.yaml": STAGE3,
    "stage3_direct.yaml": STAGE3_DIRECT,
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
