"""Lung fields in frontal chest radiographs."""
