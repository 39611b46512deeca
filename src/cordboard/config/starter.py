"""The file that `cordboard init` writes: it works as it is, with the simulator in a carrier's place."""

_TEXT = """\
# cordboard.toml: all keys, their meaning and what they may hold are in docs/configuration.md.
# A key that is left out has its default. CORDBOARD_SECTION__KEY=value in the environment overrides one.

[account]
sid = "acme1"                    # your account's name in API paths: /v1/Accounts/acme1/...
api_key = "{key}"
api_token = "{token}"
country = "IN"                   # numbers without '+' are of this country
timezone = "Asia/Kolkata"
number_format = "national"       # how numbers are written in requests to your URL: "national" or "e164"

[sip]
listen = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]

[media]
bind = "127.0.0.1"               # where audio is sent from and received
ports = "30000-34999"

[http]
listen = "127.0.0.1:8080"        # the API
public_url = "http://127.0.0.1:8080"

[store]
url = "sqlite:///cordboard.db"   # made when it is not there
recordings = "recordings"

[egress]
allow = ["127.0.0.0/8"]          # private networks that your URLs may live in; none but this machine

# Where calls come from and go to. The simulator rings scripted phones: a number that ends in 01 answers
# after a second and talks, 02 is busy, 03 rings for ever. For a carrier write, for example:
#   [[trunks]]
#   name = "carrier"
#   uri = "sip:203.0.113.10:5060"
#   sources = ["203.0.113.0/28"]
[[trunks]]
name = "simulator"
uri = "simulator"
sources = ["127.0.0.1/32"]       # who may send us calls on this trunk

# Your number. Ring it while the engine runs: cordboard ring +918047115777 --from +919876500001
[[exophones]]
number = "+918047115777"
flow = 11754
trunk = "simulator"              # outgoing legs that show this number leave here
circle = "KA"

[[flows]]
id = 11754
name = "support"
start = "welcome"

[flows.applets.welcome]
type = "greeting"
text = "Welcome. We are connecting you."
next = "connect"

# To let your own URL decide whom to dial, replace `parameters` by
#   primary_url = "http://127.0.0.1:9000/connect"
#   fallback_url = "http://127.0.0.1:9000/fallback"
[flows.applets.connect]
type = "connect"
parameters = {{ destination = {{ numbers = ["+919812300001"] }}, record = true, recording_channels = "dual" }}
after_conversation = "bye"
nobody_answers = "sorry"

[flows.applets.sorry]
type = "greeting"
text = "Nobody can take your call right now. Please call again later."
next = "bye"

[flows.applets.bye]
type = "hangup"
"""


def text(key: str, token: str) -> str:
    """The starter file with these API credentials, which hold no quotes."""
    return _TEXT.format(key=key, token=token)
