"""Training examples: chests of the phantom, randomised far beyond what real images show."""
