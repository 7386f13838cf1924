"""The parts of a forum put together: its founding, the board's process, a node's work with both.

This package alone imports the other parts of `sharing`; none of them imports it.
"""
