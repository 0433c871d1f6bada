"""The part of :mod:`geo.fetching` that touches the network: HTTP questions to the publishers of the catalogue, or to a mirror of them.

Importing it opens nothing.
"""
