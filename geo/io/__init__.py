"""Every file that comes in or goes out, one module per kind of data."""
