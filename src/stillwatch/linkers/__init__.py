"""One file a kind of link: rollup tables in, links out."""
