"""One file an input format: bytes in, exchanges out."""

from stillwatch.sources._reading import InputFile, Inputs, open_inputs

__all__ = ["InputFile", "Inputs", "open_inputs"]
