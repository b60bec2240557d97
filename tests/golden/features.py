"""Writes features.json: made-up taxi rides and their 65 features, computed a second time with numpy and pandas.

Run:  python tests/golden/features.py          (numpy 2, pandas 2 or 3; compares with pygeohash 1.2 where that is installed:
      it is the recipe's, and newer ones put points on a line between cells in the other cell)

Nothing here is a real ride. The rides spread over New York and a little beyond, the times over 2009 to 2015, and some of
each are put where an implementation slips: on the lines between geohash cells and one double beside them, at both changes
of the clocks, at the ends of months and years, and at trips of no length.
"""

import json
import pathlib

import numpy as np
import pandas as pd

DISTRICTS = (
    "dr5ru dr5rs dr5rv dr72h dr72j dr5re dr5rk dr5rz dr5ry dr5rt dr5rg dr5x1 dr5x0 dr72m dr5rm dr5rx dr5x2 dr5rw dr5rh dr5x8"
).split()
ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
RADIUS_KM = 6371.0
RIDES = 200


def geohash(latitude: float, longitude: float, length: int = 5) -> str:
    """Halves the globe in turn; a point on a middle line belongs to the lower half."""
    ranges = {"longitude": [-180.0, 180.0], "latitude": [-90.0, 90.0]}
    values = {"longitude": longitude, "latitude": latitude}
    bits = ""
    for i in range(5 * length):
        axis = "longitude" if i % 2 == 0 else "latitude"
        low, high = ranges[axis]
        middle = (low + high) / 2
        upper = values[axis] > middle
        bits += "1" if upper else "0"
        ranges[axis] = [middle, high] if upper else [low, middle]
    return "".join(ALPHABET[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def make_rides() -> pd.DataFrame:
    random = np.random.default_rng(20090101)
    longitude = lambda: random.normal(-73.97, 0.06, RIDES)
    latitude = lambda: random.normal(40.75, 0.05, RIDES)
    seconds = random.integers(0, int(pd.Timedelta("2372D").total_seconds()), RIDES)
    rides = pd.DataFrame(
        {
            "pickup_datetime": pd.Timestamp("2009-01-01", tz="UTC") + pd.to_timedelta(seconds, unit="s"),
            "pickup_longitude": longitude(),
            "pickup_latitude": latitude(),
            "dropoff_longitude": longitude(),
            "dropoff_latitude": latitude(),
            "passenger_count": random.integers(1, 8, RIDES),
        }
    )
    edges = [
        *["2009-01-01 01:14:44", "2009-01-01 00:00:00", "2015-01-01 04:59:59", "2015-01-01 05:00:00", "2012-02-29 23:30:00"],
        *["2012-03-01 04:59:59", "2012-03-01 05:00:00", "2015-03-08 06:59:59", "2015-03-08 07:00:00", "2015-03-08 07:00:01"],
        *["2014-11-02 05:59:59", "2014-11-02 06:00:00", "2014-11-02 06:59:59", "2014-11-02 07:00:00", "2015-06-30 23:59:59"],
    ]
    rides.loc[: len(edges) - 1, "pickup_datetime"] = pd.to_datetime(edges, utc=True)
    side = 360 / 2**13
    for row in range(20, 60):
        across = side * round(rides.at[row, "pickup_longitude"] / side)
        up = side * round(rides.at[row, "dropoff_latitude"] / side)
        toward = [0, -np.inf, np.inf][row % 3]
        rides.at[row, "pickup_longitude"] = across if row % 3 == 0 else np.nextafter(across, toward)
        rides.at[row, "dropoff_latitude"] = up if row % 3 == 0 else np.nextafter(up, toward)
    rides.loc[60:63, ["dropoff_longitude", "dropoff_latitude"]] = rides.loc[60:63, ["pickup_longitude", "pickup_latitude"]].to_numpy()
    return rides


def features(rides: pd.DataFrame, zone: str) -> np.ndarray:
    utc = rides["pickup_datetime"]
    local = utc.dt.tz_convert(zone)
    days = (utc - pd.Timestamp("2009-01-01", tz="UTC")) / pd.Timedelta("1D")
    hour = local.dt.hour.to_numpy()
    pickup, dropoff = (np.radians(rides[[f"{end}_latitude", f"{end}_longitude"]].to_numpy()) for end in ("pickup", "dropoff"))
    half = np.sin((dropoff - pickup) / 2) ** 2
    haversine = 2 * RADIUS_KM * np.arcsin(np.sqrt(half[:, 0] + np.cos(pickup[:, 0]) * np.cos(dropoff[:, 0]) * half[:, 1]))
    manhattan = np.abs(dropoff - pickup).sum(axis=1) * RADIUS_KM
    one_hot = lambda values, categories: (np.asarray(values)[:, None] == np.asarray(categories)[None, :]).astype(float)
    hashes = lambda end: [geohash(*point) for point in rides[[f"{end}_latitude", f"{end}_longitude"]].to_numpy()]
    return np.column_stack(
        [
            (rides["passenger_count"] - 1) / 7,
            one_hot(local.dt.day_of_week, range(7)),
            one_hot(local.dt.month, range(1, 13)),
            days / 2090,
            np.sin(2 * np.pi * hour / 24),
            np.cos(2 * np.pi * hour / 24),
            haversine / 100,
            manhattan / 100,
            one_hot(hashes("pickup"), DISTRICTS),
            one_hot(hashes("dropoff"), DISTRICTS),
        ]
    )


def compare_with_pygeohash(rides: pd.DataFrame) -> None:
    try:
        import pygeohash
    except ImportError:
        return print("pygeohash is not installed: not compared")
    for end in ("pickup", "dropoff"):
        for point in rides[[f"{end}_latitude", f"{end}_longitude"]].to_numpy():
            assert pygeohash.encode(*map(float, point), 5) == geohash(*point), point
    print("pygeohash agrees on every point")


def short(matrix: np.ndarray) -> list:
    """Whole numbers without their fraction: 60 of the 65 columns."""
    return [[int(value) if value == int(value) else float(value) for value in row] for row in matrix]


if __name__ == "__main__":
    rides = make_rides()
    compare_with_pygeohash(rides)
    golden = {
        "columns": {name: (rides[name].astype("int64") if name == "passenger_count" else rides[name]).tolist() for name in rides.columns[1:]},
        "pickup_datetime_ms": [int(time.timestamp() * 1000) for time in rides["pickup_datetime"]],
        "features_utc": short(features(rides, "America/New_York")),
        "features_local": short(features(rides, "UTC")),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in golden.items()]
    pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
