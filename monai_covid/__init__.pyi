from .audits.collection import audit as audit
from .data.images import read_image as read_image
from .evaluation.evaluate import evaluate as evaluate
from .explain.lrp.engine import LRP as LRP
from .inference.heatmap import Heatmap as Heatmap
from .inference.model import Model as Model
from .inference.model import load as load
from .inference.prediction import Prediction as Prediction

__version__: str
RESEARCH_USE_ONLY: str
