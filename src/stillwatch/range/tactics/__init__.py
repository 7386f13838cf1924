"""Ways to harvest and ways to hide it, a file each. `A12`, `A21`, `A22` leave no trace here."""
