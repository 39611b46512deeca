"""SIP dialogs seen as call legs, and call legs as SIP dialogs. The only room that speaks both tongues.

``legs`` holds every live leg; ``caller`` and ``callee`` are its two kinds; ``trunks`` says who may call us
and whom we may ring; ``arriving`` judges INVITEs; ``numbers`` and ``causes`` translate; ``speech`` makes and
reads session descriptions.
"""
