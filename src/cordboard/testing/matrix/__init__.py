"""The platform's side, played against a customer's URL: requests of every stage, then bad days in the pretend
world. What ``cordboard check URL`` shows.

``plan`` says what will be asked before anything is; ``asking`` sends it and counts; ``endpoint`` judges what
came; ``days`` are played with it by ``played``; ``advice`` says what to change; ``check`` is all of it.
"""
