"""Softphones that register here: who they are, where they are, how one number rings several of them."""
