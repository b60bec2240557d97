"""The peer of preprocess.ts: the same cleaning and 65 features with pandas and numpy, geohashes vectorised. Prints seconds, one line a run.

Run by preprocess.ts:  python benchmarks/preprocess_pandas.py rides.parquet RUNS
"""

import sys
import time

import numpy as np
import pandas as pd

RADIUS_KM = 6371.0
ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
DISTRICTS = (
    "dr5ru dr5rs dr5rv dr72h dr72j dr5re dr5rk dr5rz dr5ry dr5rt dr5rg dr5x1 dr5x0 dr72m dr5rm dr5rx dr5x2 dr5rw dr5rh dr5x8"
).split()


def clean(rides: pd.DataFrame) -> pd.DataFrame:
    coordinates = ["pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"]
    rides = rides.astype({name: "float32" for name in ["fare_amount", *coordinates]}).drop_duplicates().dropna()
    rides = rides[(rides[coordinates] != 0).any(axis=1)]
    rides = rides[(rides.passenger_count > 0) & (rides.passenger_count < 8) & (rides.fare_amount > 0) & (rides.fare_amount < 400)]
    for end in ("pickup", "dropoff"):
        rides = rides[rides[f"{end}_latitude"].between(40.5, 40.9) & rides[f"{end}_longitude"].between(-74.3, -73.7)]
    return rides


def cell_of(geohash: str) -> int:
    bits = "".join(f"{ALPHABET.index(letter):05b}" for letter in geohash)
    return int(bits[0::2], 2) * 4096 + int(bits[1::2], 2)


def features(rides: pd.DataFrame) -> np.ndarray:
    local = rides.pickup_datetime.dt.tz_convert("America/New_York")
    days = (rides.pickup_datetime - pd.Timestamp("2009-01-01", tz="UTC")) / pd.Timedelta("1D")
    hour = local.dt.hour.to_numpy()
    ends = {end: rides[[f"{end}_latitude", f"{end}_longitude"]].to_numpy(dtype="float64") for end in ("pickup", "dropoff")}
    pickup, dropoff = np.radians(ends["pickup"]), np.radians(ends["dropoff"])
    half = np.sin((dropoff - pickup) / 2) ** 2
    haversine = 2 * RADIUS_KM * np.arcsin(np.sqrt(half[:, 0] + np.cos(pickup[:, 0]) * np.cos(dropoff[:, 0]) * half[:, 1]))
    manhattan = np.abs(dropoff - pickup).sum(axis=1) * RADIUS_KM
    cells = np.array([cell_of(name) for name in DISTRICTS])

    def districts(points: np.ndarray) -> np.ndarray:
        up = np.ceil((points[:, 0] + 90) / 180 * 4096) - 1
        across = np.ceil((points[:, 1] + 180) / 360 * 8192) - 1
        return (across * 4096 + up)[:, None] == cells[None, :]

    return np.column_stack(
        [
            (rides.passenger_count - 1) / 7,
            local.dt.day_of_week.to_numpy()[:, None] == np.arange(7),
            local.dt.month.to_numpy()[:, None] == np.arange(1, 13),
            days / 2090,
            np.sin(2 * np.pi * hour / 24),
            np.cos(2 * np.pi * hour / 24),
            haversine / 100,
            manhattan / 100,
            districts(ends["pickup"]),
            districts(ends["dropoff"]),
        ]
    )


def main(path: str, runs: int) -> None:
    rides = pd.read_parquet(path)
    rides["pickup_datetime"] = pd.to_datetime(rides["pickup_datetime"], utc=True)
    for _ in range(runs):
        started = time.perf_counter()
        matrix = features(clean(rides))
        print(time.perf_counter() - started, matrix.shape[0], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
