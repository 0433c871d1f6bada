"""Calibration: the prediction's errors learnt from measurements, with their own errors."""
