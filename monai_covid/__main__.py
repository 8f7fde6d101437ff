"""The command line, as ``python -m monai_covid``."""

import sys

from monai_covid.cli.main import main

sys.exit(main())
