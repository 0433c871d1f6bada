"""Maps: pages as text, made from frames and rasters already read."""
