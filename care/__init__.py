"""Nightly customer care: who is due, what to say, which gift fits; reviewed, and sent once."""

__version__ = "0.1.0"
