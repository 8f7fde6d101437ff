"""The laboratory: studies, synthetic radiographs, benchmarks, and how the small networks were made.

Nothing outside of it but the command line imports it.
"""
