"""Composes labelled traffic: tactics and personas, one file each."""
