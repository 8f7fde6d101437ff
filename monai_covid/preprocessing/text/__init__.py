"""Burnt-in text on radiographs: finding it, taking it away, painting it in."""
