"""One file a sketch: exchanges in, sketches out; text stops here."""
