"""Readers of labelled collections as people have them, one file a layout, on one interface.

``reading.read_collection`` looks at what lies at a path and takes the reader that fits.
"""
