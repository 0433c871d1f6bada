"""Tables and documents: bytes and frames, never files."""
