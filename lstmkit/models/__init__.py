"""The five mappings as small modules, for the lessons that come after the one that writes them out."""
