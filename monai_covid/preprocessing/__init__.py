"""From an image to the network's input: one chain for training, inference and DICOM."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
