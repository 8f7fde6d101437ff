"""Layer-wise relevance propagation on DenseNets: a canonized copy, rules, one backward pass."""
