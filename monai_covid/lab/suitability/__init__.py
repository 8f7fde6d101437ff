"""How the suitability network was built and measured."""
