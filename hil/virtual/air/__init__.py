"""The Wi-Fi around a virtual module: access points, stations, and what is said between them."""
