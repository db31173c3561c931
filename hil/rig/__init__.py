"""A rig: its description in TOML, its assembly from real or virtual parts, and what it can do."""
