"""One file an input format: bytes in, exchanges out."""
