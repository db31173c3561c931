"""Does the module do what the document says, clause by clause."""
