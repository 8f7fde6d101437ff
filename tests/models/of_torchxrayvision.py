"""Program that writes weights of TorchXRayVision's DenseNet, and what it answers.

Run as ``python of_torchxrayvision.py WEIGHTS ANSWERS IMAGE...`` where that package can be imported.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch

# This torchvision was built for another PyTorch; its operators are not used here.
_LIBRARY = torch.library.Library("torchvision", "DEF")
_OPERATORS = ("nms", "qnms", "qroi_align", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool")
for _name in (*_OPERATORS, "deform_conv2d"):
    for _operator in (_name, f"_{_name}_backward"):
        _LIBRARY.define(f"{_operator}(Tensor x) -> Tensor")

import skimage.io  # noqa: E402
import torchxrayvision as xrv  # noqa: E402


def network():
    """Its DenseNet with random weights whose answers are neither 0 nor 1."""
    torch.manual_seed(0)
    model = xrv.models.DenseNet(weights=None)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    model.op_threshs = torch.rand(18) * 0.5 + 0.05
    model.eval()
    with torch.no_grad():
        noise = torch.rand(8, 1, 224, 224) * 2048 - 1024
        features = torch.relu(model.features(noise)).mean((2, 3))
        logits = model.classifier(features)
        model.classifier.weight /= logits.std()
        model.classifier.bias.copy_(torch.randn(18) - logits.mean(0) / logits.std())
    return model


def prepared(path):
    """An image as its documentation prepares it: (1, 1, 224, 224)."""
    image = xrv.datasets.normalize(skimage.io.imread(path, as_gray=False), 255)
    image = image[None] if image.ndim == 2 else image[None, ..., 0]
    image = xrv.datasets.XRayResizer(224)(xrv.datasets.XRayCenterCrop()(image))
    return torch.from_numpy(image)[None]


def main(weights, answers, *images):
    """Write both files."""
    warnings.simplefilter("ignore")
    model = network()
    torch.save(model.state_dict(), weights)
    with torch.no_grad():
        found = [model(prepared(path))[0].numpy() for path in images]
    np.save(Path(answers), np.array(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
