"""Ordinary accounts, a file for each kind: the look-alikes B1 to B18 and everyday traffic."""
