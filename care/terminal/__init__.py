"""How the house looks in a terminal: a module for each thing that is shown."""
