"""Explanation methods put to the test, where the truth is known and where it is not."""
