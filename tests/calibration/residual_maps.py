"""Maps of what the calibration leaves over on the real sets, each place predicted without its own block, mast or city.

``python -m tests.calibration.residual_maps --shared ../shared --out FOLDER`` writes one SVG per set: the calibrated free space on the left, the
plain log-distance fit on the right; predicted less measured level in six classes of colours that the colour-blind tell apart.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from geo.calibration.blocks import fit_correlation
from geo.calibration.scoring import Fold, leave_out, spatial_folds
from geo.calibration.settings import calibration_settings
from tests.calibration.real_links import Links, fit, log_distance, read_drive_test, read_path_losses

SETTINGS = calibration_settings()
EDGES = (-12.0, -6.0, 0.0, 6.0, 12.0)
COLOURS = ("#7f3b08", "#e08214", "#fee0b6", "#d8daeb", "#8073ac", "#2d004b")  # ColorBrewer PuOr: too weak to too strong
SIDE, GAP, TOP = 420, 60, 70


def residuals(links: Links, folds: Iterable[Fold]) -> tuple[np.ndarray, np.ndarray]:
    """Predicted less measured level of each place by both models, fitted to the other folds; NaN where none holds it out."""
    everything = np.ones(len(links), dtype=bool)
    plain = links.loss_db - log_distance(links, everything)
    correlation = fit_correlation(links.x_m, links.y_m, plain, np.unique(links.mast, return_inverse=True)[1], SETTINGS)
    ours, line = np.full(len(links), np.nan), np.full(len(links), np.nan)
    for fold in folds:
        predicted = fit(links, fold.train, correlation, SETTINGS, line=False)[1]
        ours[fold.test] = (links.loss_db - predicted)[fold.test]
        line[fold.test] = (links.loss_db - log_distance(links, fold.train))[fold.test]
    return ours, line


def drawn(links: Links, left: np.ndarray, right: np.ndarray, title: str) -> str:
    """Return one SVG with both maps, a scale bar, the classes and the figures."""
    known = np.isfinite(left)
    x, y = links.x_m[known], links.y_m[known]
    wide = max(np.ptp(x), np.ptp(y), 1.0)
    px, py = (x - x.min()) / wide * SIDE, SIDE - (y - y.min()) / wide * SIDE
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * SIDE + 3 * GAP}" height="{SIDE + TOP + 2 * GAP}" font-family="sans-serif">',
        '<rect width="100%" height="100%" fill="#ffffff"/>', f'<text x="{GAP}" y="30" font-size="18">{title}</text>',
    ]  # fmt: skip
    for k, (name, values) in enumerate((("calibrated free space", left[known]), ("log-distance fit", right[known]))):
        at = GAP + k * (SIDE + GAP)
        figures = f"n {len(values)}, bias {values.mean():+.1f} dB, RMSE {np.sqrt(np.mean(values**2)):.1f} dB"
        out.append(f'<text x="{at}" y="{TOP - 15}" font-size="13">{name}: {figures}</text>')
        out.append(f'<rect x="{at - 5}" y="{TOP - 5}" width="{SIDE + 10}" height="{SIDE + 10}" fill="#f4f4f4" stroke="#888888"/>')
        colour = np.digitize(values, EDGES)
        out += [
            f'<circle cx="{at + a:.1f}" cy="{TOP + b:.1f}" r="2.2" fill="{COLOURS[c]}" stroke="#666666" stroke-width="0.2"/>'
            for a, b, c in zip(px, py, colour, strict=True)
        ]
    base = SIDE + TOP + 35
    names = [f"below {EDGES[0]:g}", *(f"{a:g} to {b:g}" for a, b in itertools.pairwise(EDGES)), f"above {EDGES[-1]:g} dB (too strong)"]
    for k, (name, colour) in enumerate(zip(names, COLOURS, strict=True)):
        out.append(f'<rect x="{GAP + k * 110}" y="{base}" width="14" height="14" fill="{colour}" stroke="#666666"/>')
        out.append(f'<text x="{GAP + k * 110 + 20}" y="{base + 12}" font-size="12">{name}</text>')
    bar = 10 ** np.floor(np.log10(wide / 2))
    out.append(f'<line x1="{GAP}" x2="{GAP + bar / wide * SIDE:.1f}" y1="{base + 40}" y2="{base + 40}" stroke="#000000" stroke-width="3"/>')
    out.append(f'<text x="{GAP + bar / wide * SIDE + 8:.1f}" y="{base + 45}" font-size="12">{bar:g} m</text></svg>')
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.calibration.residual_maps")
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/measurements")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    losses, drive = read_path_losses(asked.shared), read_drive_test(asked.shared)
    whole = np.ones(len(drive), dtype=bool)
    correlation = fit_correlation(drive.x_m, drive.y_m, drive.loss_db - log_distance(drive, whole), np.zeros(len(drive), int), SETTINGS)
    sets = {"puebla": (drive, list(spatial_folds(drive.x_m, drive.y_m, correlation, SETTINGS, folds=5)), "Sierra Norte de Puebla, by spatial blocks")}
    masts = leave_out(np.where(losses.city == "recife", losses.mast, ""))
    sets["recife_masts"] = (losses, list(masts), "Recife, each mast left out")
    for city in np.unique(losses.city).tolist():
        sets[f"city_{city}"] = (losses, [f for f in leave_out(losses.city) if f.name == city], f"{city.title()}, the city left out")
    for name, (links, folds, title) in sets.items():
        left, right = residuals(links, folds)
        (asked.out / f"{name}.svg").write_text(drawn(links, left, right, title), encoding="utf-8")
        print(asked.out / f"{name}.svg")


if __name__ == "__main__":
    main()
