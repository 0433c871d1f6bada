"""Stages of the analysis: keyed, resumable, and booked in one manifest."""
