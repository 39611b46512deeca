"""Greeting: says a text, plays audio, or says what a URL answers, once. Exit: ``next``, whatever happens."""

from cordboard.applets.greeting.machine import Greeting

__all__ = ["Greeting"]
