# mypy: ignore-errors
"""pyexotel of PyPI: hosts by `domain`; TLS always."""

import json
import sys
import time

from pyexotel import Exotel

told = json.loads(sys.argv[1])
client = Exotel(told["key"], told["token"], told["account"], domain=told["host"], ccm_domain=told["host"])
found = {
    "numbers": client.call(told["first"], told["second"], told["exophone"], time_limit=60),
    "flow": client.connect_flow(told["third"], told["exophone"], str(told["flow"])),
}
sid = found["numbers"]["Call"]["Sid"]
for _ in range(100):
    found["details"] = client.get_call_info(sid)
    if found["details"]["Call"]["EndTime"]:
        break
    time.sleep(0.2)
print(json.dumps(found))
