"""Runs commands for those who may ask it to, over HTTP on a Unix socket.

Needs Python 3.11 or newer and nothing else.
"""
