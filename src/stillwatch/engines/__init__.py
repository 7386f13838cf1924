"""Where relations run; the only place that names an engine."""
