"""Measurements: ratios against the bare library doing the bare work in the same run."""
