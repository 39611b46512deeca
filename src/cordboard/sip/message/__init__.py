"""SIP messages on top of ``sipmessage``: a reader that mends at the door, a framer, a writer that cannot be
made to inject. Pure."""
