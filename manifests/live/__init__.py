"""Live playlists without a clock and without I/O: what is there, how it changes, how it reads, who waits.

state       a rendition as it is: segments, the one that grows, what was promised of it
change      part, segment, discontinuity, gap, end: a new state of an old one, or LiveError
ageing      what leaves a playlist with time, and until when it must be there still
timeline    date ranges of a channel, the same in all its renditions
names       of segments, parts and init sections
playlist    a state as a typed playlist
updates     playlists as text that are loaded again and again: whole, as a delta update
texts       of these the media playlist, also for players that know no parts
iframes     of these the one of the key pictures
past        the text of segments that do not change any more
dash        the states of a channel as an MPD
splices     what encoders say of breaks, in an MPD
directives  what a player asks for in a query
decide      whether a request is answered, waits, or is refused
"""
