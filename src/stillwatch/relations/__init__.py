"""Engine-neutral tables over sketches: rollups, profiles, keys."""
