"""Fixtures of the service's tests."""

from collections.abc import Iterator

import pytest

from tests.dicom.service.peers import Archive


@pytest.fixture
def archive() -> Iterator[Archive]:
    """A running Storage SCP."""
    one = Archive().start()
    yield one
    one.stop()


@pytest.fixture
def second_archive() -> Iterator[Archive]:
    """Another one."""
    one = Archive().start()
    yield one
    one.stop()
