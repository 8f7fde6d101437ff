"""From image files to predictions: for the bundle's configs, the command line and deployment."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
