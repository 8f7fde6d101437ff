"""Answers about several hospitals: each of them, all pooled, and hospitals weighing the same."""
