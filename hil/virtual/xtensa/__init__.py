"""The processor of the ESP8266, for programs that are loaded to RAM."""
