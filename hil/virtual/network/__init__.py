"""The TCP/IP network around a virtual module: hosts, names, and what is said between them."""
