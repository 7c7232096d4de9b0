"""Names, folders, and how a web server shows them."""
