"""The only room with SQL: tables, migrations and one file of functions per noun.

Functions take a `Database` first and plain values after it, and return plain frozen values; no
row, session or connection leaves this room.
"""
