"""The MONAI Deploy application: ``python app.py -i INPUT -o OUTPUT -m MODEL``.

INPUT is a folder of DICOM files of any number of studies and patients, MODEL a bundle folder, a
folder with ``model.pt`` or a model file. The variables HOLOSCAN_INPUT_PATH, HOLOSCAN_OUTPUT_PATH
and HOLOSCAN_MODEL_PATH stand in for options that are not given.

Exit status: 0 every study with something to process has results, 1 something failed, 2 wrong usage,
3 nothing could be processed; OUTPUT/summary.json tells more. Research use only.
"""

from __future__ import annotations

import sys

from stack_limit import raise_stack_limit


def main() -> int:
    """Run the application on the arguments of the command line."""
    raise_stack_limit()
    from batch import run  # noqa: PLC0415 - imports holoscan, which reads the limit then

    return run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
