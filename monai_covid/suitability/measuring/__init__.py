"""How often suitability errs, on images that it was not built from."""
