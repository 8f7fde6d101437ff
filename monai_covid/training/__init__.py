"""Ignite handlers and workflow pieces that MONAI lacks."""
