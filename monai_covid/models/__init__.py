"""Networks, their weights and model files, and transfer with output neuron keeping."""
