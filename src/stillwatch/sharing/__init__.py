"""Sharing between rival firms: that they face one campaign, and nothing else about each other."""
