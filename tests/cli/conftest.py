"""Fixtures for commands on a model file and images of every format."""

from tests.inference.conftest import model, radiographs, small

__all__ = ["model", "radiographs", "small"]
