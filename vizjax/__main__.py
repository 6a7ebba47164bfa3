"""`python -m vizjax`."""

from vizjax.cli import command

command()
