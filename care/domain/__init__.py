"""The merchant's world in pure functions over columns: no clock, no files, no network.

One noun a module, in the order a night uses them: customer, product, order → tier → candidate →
campaigns → due → screen → arbitration → holdout → gift → touch → message → decision → batch.
Later nouns may import earlier ones, never the reverse.
"""
