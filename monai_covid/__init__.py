"""Twice transfer learning with output neuron keeping for chest X-rays, as a MONAI plugin.

``monai_covid.load()`` gives a model that predicts and explains; see docs/reference/api.md. What is
named here is imported when it is first used.

Research use only: not for diagnosis.
"""

import lazy_loader

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "Research use only. Not for diagnosis."

__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["RESEARCH_USE_ONLY", "__version__"]


def __dir__() -> list[str]:
    return sorted(__all__)
