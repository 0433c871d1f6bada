"""Path loss: compiled kernels on plain arrays behind checked functions."""
