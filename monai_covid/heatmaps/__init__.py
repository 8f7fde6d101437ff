"""Pictures of relevance maps: on white, on the radiograph, and all classes side by side."""

from monai_covid.heatmaps.blend import blend, display_grey
from monai_covid.heatmaps.colours import DIVERGING, symmetric_limit
from monai_covid.heatmaps.figures import ClassMap, draw_map, draw_overlay, draw_panel
from monai_covid.heatmaps.grid import scaled_box, smoothed, to_image_grid

__all__ = [
    "DIVERGING",
    "ClassMap",
    "blend",
    "display_grey",
    "draw_map",
    "draw_overlay",
    "draw_panel",
    "scaled_box",
    "smoothed",
    "symmetric_limit",
    "to_image_grid",
]
