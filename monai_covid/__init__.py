"""Twice transfer learning with output neuron keeping for chest X-rays, as a MONAI plugin.

``monai_covid.load()`` gives a model that predicts and explains; see docs/reference/api.md. What is
named here is imported when it is first used.

Research use only: not for diagnosis.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from monai_covid.audits.collection import audit as audit
    from monai_covid.data.images import read_image as read_image
    from monai_covid.evaluation.evaluate import evaluate as evaluate
    from monai_covid.explain.lrp.engine import LRP as LRP
    from monai_covid.inference.heatmap import Heatmap as Heatmap
    from monai_covid.inference.model import Model as Model
    from monai_covid.inference.model import load as load
    from monai_covid.inference.prediction import Prediction as Prediction

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "Research use only. Not for diagnosis."

__getattr__, _, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "audits.collection": ["audit"],
        "data.images": ["read_image"],
        "evaluation.evaluate": ["evaluate"],
        "explain.lrp.engine": ["LRP"],
        "inference.heatmap": ["Heatmap"],
        "inference.model": ["Model", "load"],
        "inference.prediction": ["Prediction"],
    },
)
__all__ += ["RESEARCH_USE_ONLY", "__version__"]


def __dir__() -> list[str]:
    return sorted(__all__)
