"""What was live, as an asset: its source is the live segments themselves, and its segments are made of them.

pieces ── head (two tracks) ▸ picture ▸ sound ▸ picture ▸ sound …   read by whatever reads sources
plan   ── an ordinary one, on the event's grid                          rendered, made, finished as any other
excerpt ─ live segments of one track, as a file                         read where a clip has to be encoded
taking ── samples out of live segments, in fragments of a group         no encoder
"""
