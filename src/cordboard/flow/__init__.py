"""The flow document, what every applet offers, and the runner that takes a call from applet to applet."""
