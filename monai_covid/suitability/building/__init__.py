"""How the suitability network is built; nothing of this runs when images are assessed."""
