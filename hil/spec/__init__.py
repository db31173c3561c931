"""What the document says about the AT firmware, as data."""
