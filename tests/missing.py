"""What is to happen where something is missing that tests need."""

import os
from typing import NoReturn

import pytest


def missing(message: str) -> NoReturn:
    """Say what is missing and how to get it: a skip, but a failure in continuous integration."""
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
