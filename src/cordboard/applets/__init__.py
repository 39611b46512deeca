"""The applets. Each is a room of its own with settings and a pure machine; they do not know one another."""
