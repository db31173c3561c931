"""Errors of the virtual machines: always a mistake of whoever set them up."""

from __future__ import annotations


class VirtualError(Exception):
    """A virtual machine cannot be built, found or driven as asked."""
