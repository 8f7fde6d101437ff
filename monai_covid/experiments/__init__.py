"""Several runs of the bundle's configs put together: cross-validation, all stages, the demo."""
