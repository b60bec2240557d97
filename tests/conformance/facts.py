"""How the scripts beside this one tell what they saw: as JSON, the last line they print."""

import json
import math
import re

from mlflow.exceptions import MlflowException


def tell(facts):
    """Prints facts; numbers that JSON does not have become words."""
    print(json.dumps(plain(facts), ensure_ascii=False))


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def refusal(work):
    """The code and the first sentence of what is refused, without ids and sets in any order; None where nothing is."""
    try:
        work()
    except MlflowException as error:
        words = str(error).removeprefix(f"{error.error_code}: ")
        return [error.error_code, re.split(r"\. | not one of ", re.sub(r"[0-9a-f]{32}", "ID", words))[0].removesuffix(".")]
    return None
