"""Sounds to be played: fetched and checked, spoken, kept (contract.md settled 10 and 11, reliability.md S21).

What comes here is data from strangers. Plain WAV is read by our own strict reader; everything else is read
by libsndfile in a child process that can open nothing, lives for one file and gives back samples. Speech is
espeak-ng, in a child process too, since it is C, and GPL while we are Apache.
"""
