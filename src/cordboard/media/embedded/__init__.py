"""Audio done by ourselves: pure modules, one packet process per core, one recorder process.

Pure (no socket, clock or thread; time is handed in as ``now``, monotonic nanoseconds): ``rtp``, ``rtcp``,
``g711``, ``stream``, ``latch``, ``digits``, ``quality``, ``leg``, ``plays``, ``room``, ``align``, ``pacing``,
``ports``, ``frames``. Doors: ``process`` (packets), ``recorder`` (files), ``engine`` (the one that asks).
"""
