"""Clustering, the campaign test, explanations: links and findings in, campaigns out."""
