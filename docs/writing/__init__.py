"""What the scripts of this folder write into the pages."""
