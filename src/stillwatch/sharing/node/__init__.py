"""A forum member's own side: what it received, what it states, what it decides and takes back."""
