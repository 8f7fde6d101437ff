"""Fixtures for whole experiments with a tiny network."""

from tests.training.conftest import tiny_network

__all__ = ["tiny_network"]
