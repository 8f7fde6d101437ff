"""Synthetic chest radiographs with ground truth, for demonstrations, tests and audits.

The images follow from a seed alone. They show what a radiograph shows, but no person: nothing that
is measured on them says anything about patients.
"""
