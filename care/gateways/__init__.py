"""Adapters that hand sealed batches to those who send them: one folder each, one contract."""
