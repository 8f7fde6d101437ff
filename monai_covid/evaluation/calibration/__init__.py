"""Calibration of probabilities, operating points and uncertainty."""
