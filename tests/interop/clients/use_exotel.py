# mypy: ignore-errors
"""exotel of PyPI: the account's sid is its user name; hosts by `baseurl`."""

import json
import sys
import time

from exotel import Exotel

told = json.loads(sys.argv[1])
client = Exotel(told["account"], told["token"], baseurl=f"https://{told['host']}/")


def of(answer):
    return [answer.status_code, answer.json()]


found = {
    "flow": of(client.call_flow(told["third"], told["exophone"], told["flow"], custom_data="order-42")),
    "numbers": of(client.call_number(told["first"], told["exophone"], told["second"])),
    "wrong": of(Exotel(told["account"], "wrong", baseurl=f"https://{told['host']}/").call_details("x")),
    "missing": of(client.call_details("nobody")),
}
sid = found["numbers"][1]["Call"]["Sid"]
for _ in range(100):
    found["details"] = of(client.call_details(sid))
    if found["details"][1]["Call"]["EndTime"]:
        break
    time.sleep(0.2)
print(json.dumps(found))
