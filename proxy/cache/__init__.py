"""The cache in front of the upstreams: what is kept, for how long, and what is purged from it.

What a key means, and so who may share an answer, is the caller's; where it is kept, the edge's.
"""
