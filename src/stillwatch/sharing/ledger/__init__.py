"""The transparency log: what was shared, asked and withdrawn, provable and yet erasable."""
