"""The line in motion: what to do next, in which order, with retries; and the `spoonful` command.

Flows decide and call; what a step does is in `stages`, what it leaves behind in `store`.
"""
