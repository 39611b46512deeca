"""Audio: what can be asked of it (``control``), and those who do it (``embedded``; later ``rtpengine``)."""
