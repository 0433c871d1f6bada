"""Scores of whole runs against hidden truth: made-up provinces of many seeds, under two laws of propagation.

``python -m tests.truth.score --help``; a long command of its own, not part of the tests.
"""
