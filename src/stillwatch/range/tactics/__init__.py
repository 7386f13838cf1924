"""Harvesting campaigns, a file for each way of harvesting."""
