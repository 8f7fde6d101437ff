"""How the lung segmenter was trained: chests of the phantom, randomised beyond real images."""
