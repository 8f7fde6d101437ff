"""Operators of the graph, one in each module."""
