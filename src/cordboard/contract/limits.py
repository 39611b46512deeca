"""The contract's numbers, each with where it comes from. Seconds, unless a name says otherwise."""

from typing import Final

# Ringing, from the INVITE (settled 18; SEED, max_ringing_duration).
RING_DEFAULT: Final = 30
RING_MAX: Final = 60

# Conversation, from the bridge (settled 18; SEED, max_conversation_duration: 15 and 75 minutes).
TALK_DEFAULT: Final = 900
TALK_MAX: Final = 4500

# Legs of a parallel wave (SEED, max_parallel_attempts).
PARALLEL_DEFAULT: Final = 5
PARALLEL_MIN: Final = 1
PARALLEL_MAX: Final = 10

# What one Connect applet may do in all, whatever its answers say (settled 15).
ATTEMPTS_MAX: Final = 10
LEGS_MAX: Final = 30
ENTRY_TO_ANSWER_MAX: Final = 600.0

# One answer (settled 8: 64 kB, 32 levels, the first 100 numbers).
BODY_BYTES_MAX: Final = 65_536
DEPTH_MAX: Final = 32
NUMBERS_MAX: Final = 100

# Asking (settled 2: everything included; settled 10: an announcement's audio has 5 s of its own).
FETCH_SECONDS: Final = 5.0
AUDIO_FETCH_SECONDS: Final = 5.0
AUDIO_REDIRECTS_LENIENT: Final = 3
AUDIO_REDIRECTS_STRICT: Final = 0
# A kept copy this young counts as an answer of 200 and is not fetched (settled 10).
AUDIO_FRESH_SECONDS: Final = 600.0

# E.164 numbers that may be dialled: digits after the "+" (telephony.md 15).
DIGITS_MIN: Final = 7
DIGITS_MAX: Final = 15

# A call by API: from its first answer (TimeLimit, contract.md §6.2: at most four hours, and so by default).
CALL_MAX: Final = 14_400
# CustomField of an API call. The platform's page says 128 characters; people put JSON into it, so what
# reliability.md S14 allows is taken.
CUSTOM_FIELD_BYTES_MAX: Final = 2048
# A URL that a call's order names, and how much of a field's name a sentence repeats.
URL_MAX: Final = 2000
FIELD_NAME_SHOWN: Final = 60

# A Gather, and a menu's keys (contract.md §5.5; any positive timeout is accepted, an hour at most is waited).
GATHER_DIGITS_MAX: Final = 255
INPUT_TIMEOUT_DEFAULT: Final = 5
INPUT_TIMEOUT_MAX: Final = 3600
INPUT_REPEATS_MAX: Final = 99

# A text that is said (a minute and a half of speech), and the lines of a greeting's answer. Our own bounds.
SAID_CHARACTERS_MAX: Final = 2000
SAID_LINES_MAX: Final = 20

# The version of the reply's format that we ask for (SEED, header Exotel-Version).
VERSION_HEADER: Final = "Exotel-Version"
VERSION: Final = "1.0"

# How many problems one answer can be told of: the rest would repeat them.
PROBLEMS_MAX: Final = 200
# How often one answer's unknown field is compared with the known ones, which costs more than reading it.
HINTS_MAX: Final = 5
