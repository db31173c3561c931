"""Gives the virtual machines time and bytes: simulated time here, real time in later rooms."""
