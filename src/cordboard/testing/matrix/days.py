"""The bad days, and some good ones, that are played with the answer just received."""

from cordboard.testing.matrix.days_of_people import PEOPLE
from cordboard.testing.matrix.days_of_trouble import TROUBLE

ALL = (*PEOPLE, *TROUBLE)
"""In the order in which they are told."""
