"""Scenarios, a TOML file each: which campaigns are hidden among whom, and why."""
