"""The door: one thin file per command, which parses, calls one function of the package and prints."""

from geointerp.cli.app import main

__all__ = ["main"]
