"""A made-up mountain province: inputs with their flaws, and the truth to score against.

Nothing in it is real, and nothing of the product's models is in its truth.
"""

from geo.sample.province import DEFAULT_SEED, SampleProvince, build, build_truth_rasters
from geo.sample.writing import write, write_truth

__all__ = ["DEFAULT_SEED", "SampleProvince", "build", "build_truth_rasters", "write", "write_truth"]
