"""From the shop's own files to checked, canonical columns, and what was set aside on the way."""
