"""One file a detector: account profiles in, findings out."""
