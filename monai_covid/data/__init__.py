"""Collections of chest radiographs: manifests, splits, and image files as grey values."""
