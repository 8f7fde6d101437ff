"""Splits disjoint: patients and copies of images in two folds, splits or collections."""
