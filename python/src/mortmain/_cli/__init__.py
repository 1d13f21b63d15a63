"""The command line: `mortmain [--dir DIR] COMMAND`. Every command is a client like any other; none has rights of
its own.
"""
