"""Live playlists without a clock and without I/O: what is there (`state`), how it changes, how it reads, who waits.

state       a rendition as it is: segments, the one that grows, what was promised of it
change      part, segment, discontinuity, end: a new state from an old one, or LiveError
ageing      what leaves a playlist with time, and when it may be deleted
timeline    date ranges of a channel, the same in all its renditions
texts       a state as text: whole, as a delta update, for players that know nothing of parts
directives  what a player asks for in a query
decide      whether a request is answered, waits, or is refused
"""
