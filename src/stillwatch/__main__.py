"""`python -m stillwatch` is `stillwatch`."""

from stillwatch.cli import main

main()
