"""What the subject's network makes of an image before its last layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.inference.classifier import Classifier
from monai_covid.transforms.chains import preprocess_file


@torch.inference_mode()
def penultimate_features(
    classifier: Classifier, paths: Sequence[str], batch_size: int = 16
) -> NDArray[np.float32]:
    """Return the input of a network's head, ``(N, F)``.

    Args:
        classifier: The model.
        paths: Readable image files.
        batch_size: Images that pass the network together.
    """
    network, info = classifier.network, classifier.info
    layers = network.get_submodule("class_layers").children()
    before_head = torch.nn.Sequential(network.get_submodule("features"), *list(layers)[:-1])
    found = []
    for start in range(0, len(paths), batch_size):
        images = [
            preprocess_file(path, info.image_size, info.channels, info.preprocessing)
            for path in paths[start : start + batch_size]
        ]
        found.append(before_head(torch.stack(images).to(classifier.device)).float().cpu().numpy())
    return np.concatenate(found) if found else np.zeros((0, 1), dtype=np.float32)


def centred(features: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors ``(N, F)`` of features from their ``centre`` ``(F,)``."""
    moved = features - centre
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    units: NDArray[np.float32] = moved / np.maximum(length, 1e-12)
    return units
