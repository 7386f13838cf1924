"""The board: a strict TAXII 2.1 server."""
