"""Floor 9: verbs to calls; text or JSON out; exit codes. Standard library only.

What every call of `rtm` imports is kept small: records are plain classes, because importing
dataclasses and typing takes as long as all the rest of `rtm list`, and modules that only some
verbs need are imported by those.
"""
