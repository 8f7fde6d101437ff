"""Studies: the same training with one thing changed at a time, over seeds and folds."""
