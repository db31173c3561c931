"""Is the documented download the one that works, and is everything else refused."""
