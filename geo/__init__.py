"""vungphu: coverage and passive-infrastructure analysis of telecom networks, area by area."""

__version__ = "0.1.0"
