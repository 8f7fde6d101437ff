"""How results of this package call themselves."""

MANUFACTURER = "monai_covid"
"""Manufacturer (0008,0070) of every instance that is written, by which it is known again."""
