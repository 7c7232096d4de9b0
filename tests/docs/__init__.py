"""The documents: links that lead somewhere, names that are said, commands that do what they say."""
