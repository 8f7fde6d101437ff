"""Twice transfer learning with output neuron keeping for chest X-rays, as a MONAI plugin.

Research use only: not for diagnosis.
"""

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "Research use only. Not for diagnosis."
