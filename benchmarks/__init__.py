"""Benchmarks: each prints a table of what it measured beside its bar."""
