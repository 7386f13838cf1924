"""The private plane: firms find identifiers they share, and learn nothing of the rest."""
