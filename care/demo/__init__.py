"""The demo: a shop whose purchases come from a public data set and whose people are made up."""
