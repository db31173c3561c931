"""Does the module live: it boots, says so, and answers."""
