"""External validation: what is left of the performance on images of other hospitals."""
