"""Stage 2 and all folds of stage 3 within a time budget, unattended."""
