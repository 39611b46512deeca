# mypy: ignore-errors
"""exotelpy of PyPI: of what is here it knows the ExoPhones, the newer form; hosts by `baseurl`."""

import json
import sys

from exotelpy import Exotel
from exotelpy.exceptions import NotFound

told = json.loads(sys.argv[1])
client = Exotel(told["account"], told["key"], told["token"], baseurl=f"https://{told['host']}/")
found = {"all": client.get_all_exophones(), "one": client.get_exophone_details(told["exophone"].lstrip("+"))}
try:
    client.get_exophone_details("1")
except NotFound as error:
    found["missing"] = str(error)
print(json.dumps(found))
