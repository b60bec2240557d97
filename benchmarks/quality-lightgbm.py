"""LightGBM on the rides that quality.ts has written: one line of JSON per model, its error in each month.

python quality-lightgbm.py FOLDER     FOLDER holds about.json and little-endian files of columns, written by quality.ts
"""

import json
import os
import sys
import time

import lightgbm as lgb
import numpy as np

folder = sys.argv[1]
with open(os.path.join(folder, "about.json")) as file:
    about = json.load(file)


def column(name):
    return np.fromfile(os.path.join(folder, f"{name}.f8"), dtype="<f8")


fare = column("fare_amount")
lat1, lon1, lat2, lon2 = (column(f"{end}_{of}") for end in ("pickup", "dropoff") for of in ("latitude", "longitude"))
stamps = column("pickup_datetime").astype("datetime64[ms]")
if about["times"] == "utc":
    from datetime import timezone
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/New_York")
    local = [stamp.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None) for stamp in stamps.tolist()]
    stamps = np.array(local, dtype="datetime64[ms]")
day = stamps.astype("datetime64[D]")
hour = (stamps - day) // np.timedelta64(1, "h")
weekday = (day.astype(np.int64) + 3) % 7  # 1970 began on a Thursday; Monday is 0
month = stamps.astype("datetime64[M]").astype(np.int64) % 12 + 1
days = (stamps - np.datetime64("2009-01-01")) / np.timedelta64(1, "D")


def km(lat_a, lon_a, lat_b, lon_b):
    a, b, c, d = np.radians(lat_a), np.radians(lon_a), np.radians(lat_b), np.radians(lon_b)
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * 6371 * np.arcsin(np.sqrt(np.minimum(1, half)))


def plain():
    """Passengers, weekday, month, hour, days since 2009, haversine, Manhattan, four coordinates."""
    manhattan = 6371 * (np.abs(np.radians(lat2 - lat1)) + np.abs(np.radians(lon2 - lon1)))
    haversine = km(lat1, lon1, lat2, lon2)
    times = [column("passenger_count"), weekday, month, hour, days]
    return np.column_stack([*times, haversine, manhattan, lat1, lon1, lat2, lon2])


def with_grid_airports_and_bands():
    """And the street grid, turned by 29 degrees; the distance of either end from the airports; rush hours and nights."""
    north, east = 111.195, 111.195 * np.cos(np.radians(40.75))
    turn = np.radians(29)

    def turned(lat, lon):
        x, y = (lon + 73.98) * east, (lat - 40.75) * north
        return x * np.sin(turn) + y * np.cos(turn), x * np.cos(turn) - y * np.sin(turn)

    (u1, v1), (u2, v2) = turned(lat1, lon1), turned(lat2, lon2)
    grid = [u1, v1, u2, v2, np.abs(u2 - u1), np.abs(v2 - v1), np.abs(u2 - u1) + np.abs(v2 - v1)]
    places = [(40.6413, -73.7781), (40.7769, -73.874), (40.6895, -74.1745)]
    airports = [km(lat, lon, *place) for place in places for lat, lon in ((lat1, lon1), (lat2, lon2))]
    rush = (weekday < 5) & (hour >= 16) & (hour < 20)
    night = (hour >= 20) | (hour < 6)
    return np.column_stack([plain(), *grid, *airports, rush, night])


def features_of_ours():
    """Those that our trees learn from, in float32; codes of categories as numbers."""
    numbers = np.fromfile(os.path.join(folder, "numbers.f4"), dtype="<f4").reshape(-1, about["numberCount"])
    codes = np.fromfile(os.path.join(folder, "codes.i2"), dtype="<i2").reshape(-1, about["categoryCount"])
    return np.hstack([numbers, codes.astype(np.float32)])


def report(name, x, trees, patience, logarithm=False, round_to=0, **settings):
    """Learns the fare, or its logarithm, whose errors then say when to stop, and rounds its answers, as with our trees."""
    target = np.log(fare) if logarithm else fare
    cpu = time.process_time()
    fit, stop = slice(0, about["stopFrom"]), slice(about["stopFrom"], about["months"][0])
    rows = lgb.Dataset(x[fit], target[fit], free_raw_data=True)
    model = lgb.train(
        {"metric": "l1", "num_threads": 2, "verbosity": -1, "seed": 1, **settings},
        rows,
        trees,
        valid_sets=[lgb.Dataset(x[stop], target[stop], reference=rows)],
        callbacks=[lgb.early_stopping(patience, verbose=False)],
    )
    maes = []
    for first, last in zip(about["months"], about["months"][1:]):
        learnt = model.predict(x[first:last], num_iteration=model.best_iteration)
        answers = np.exp(learnt) if logarithm else learnt
        rounded = np.floor(answers / round_to + 0.5) * round_to if round_to > 0 else answers
        maes.append(float(np.abs(rounded - fare[first:last]).mean()))
    line = {"model": name, "maes": maes, "trees": model.best_iteration, "cpuSeconds": time.process_time() - cpu}
    print(json.dumps(line), flush=True)


report("LightGBM l1, 11 plain features", plain(), 5000, 50, objective="l1", num_leaves=63, learning_rate=0.05)
tuned = {"num_leaves": 127, "learning_rate": 0.02, "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.8}
report("LightGBM l1, grid, airports, bands; tuned", with_grid_airports_and_bands(), 5000, 100, objective="l1", **tuned)
ours = about["settings"]
same = {
    "logarithm": ours["logTarget"],
    "round_to": ours["roundTo"],
    "objective": ours["objective"],
    "alpha": ours["huberDelta"],
    "num_leaves": ours["leaves"],
    "learning_rate": ours["learningRate"],
    "min_data_in_leaf": ours["minLeafRows"],
    "bagging_fraction": ours["rowShare"],
    "bagging_freq": 1,
    "feature_fraction": ours["columnShare"],
    "lambda_l2": ours["lambda"],
}
report("LightGBM, our features and settings", features_of_ours(), ours["trees"], ours["patience"], **same)
