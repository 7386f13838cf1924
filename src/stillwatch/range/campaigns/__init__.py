"""The campaigns of the demo week, a file each."""
