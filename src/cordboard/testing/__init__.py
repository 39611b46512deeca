"""Pretend worlds and scripted peers, for tests of every stage and for users' own tests."""
