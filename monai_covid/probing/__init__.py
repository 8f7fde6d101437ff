"""Linear probes: how well classes can be told by a frozen network's features alone.

Nothing of the network is trained. Its feature maps are averaged over an image, and logistic
regression learns the classes from these numbers: G. Alain and Y. Bengio, "Understanding
intermediate layers using linear classifier probes", ICLR workshop 2017. What a probe of a network
reaches that was trained on ImageNet alone owes nothing to radiographs it has seen, and is what
networks trained at length should be compared with.
"""

from monai_covid.probing.classifier import ProbeClassifier
from monai_covid.probing.linear import LinearProbe, fit_probe
from monai_covid.probing.pooled import COVARIANCES, MOMENTS, POOLINGS, PooledFeatures

__all__ = [
    "COVARIANCES",
    "MOMENTS",
    "POOLINGS",
    "LinearProbe",
    "PooledFeatures",
    "ProbeClassifier",
    "fit_probe",
]
