"""Which instances of a study are processed: frontal chest radiographs, and nothing made of them."""
