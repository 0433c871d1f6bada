"""Set everything up and run the main job on the sample province.

Standard library only; needs nothing but Python 3.11 or later with venv and pip.
"""

from __future__ import annotations

import argparse
import sys

from _environment import ROOT, SetupError, prepare, run, say

LOCK = "requirements.lock"
PROJECT = ROOT / "data" / "sample" / "project.toml"


def main(given: list) -> int:
    """Set up, analyse the sample, return the exit code of the analysis."""
    parser = argparse.ArgumentParser(
        description="Cài đặt và phân tích tỉnh mẫu. / Set everything up and analyse the sample province.",
    )
    parser.parse_args(given)
    try:
        python = prepare(LOCK)
    except SetupError as error:
        say(error.vi, error.en)
        return 1
    except KeyboardInterrupt:
        return 130
    return run([str(python), str(ROOT / "scripts" / "analyze.py"), str(PROJECT)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
