"""Metrics with confidence intervals, plots, reports and calibration, on a predictions table.

Nothing in here imports torch or MONAI.
"""
