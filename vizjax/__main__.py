"""`python -m vizjax`."""

from vizjax.cli import main

main()
