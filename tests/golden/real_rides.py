"""Marginals of real New York taxi rides, which the simulated city is held to (taxifare/simulator/marginals.test.ts).

    python real_rides.py RIDES.parquet > real-rides.json

RIDES holds the seven raw columns (see taxifare/simulator/city.ts), 2009 to June 2015. Only shares, quantiles and means
leave this script, never a ride. Needs pandas and pyarrow.
"""

import json
import sys

import numpy as np
import pandas as pd

FARE_RISE = pd.Timestamp("2012-09-04")
DISTRICTS = "dr5ru dr5rs dr5rv dr72h dr72j dr5re dr5rk dr5rz dr5ry dr5rt dr5rg dr5x1 dr5x0 dr72m dr5rm dr5rx dr5x2 dr5rw dr5rh dr5x8".split()
# Latitude, longitude, half height, half width, in degrees, of a box around the terminals.
AIRPORTS = {"JFK": (40.6465, -73.786, 0.013, 0.02), "LGA": (40.7725, -73.87, 0.01, 0.0165), "EWR": (40.69, -74.18, 0.014, 0.016)}
KM_QUANTILES = [0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99]
FARE_QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]
BANDS_KM = [0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 15, 20, 23]
# Rides of a crowded minute say little of hours and weekdays: the sample was drawn by second, and a minute came whole.
CROWD = 20
COORDINATES = ["pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude"]


def kinds_of_dirt(rides):
    """Why each ride would be dropped by cleaning, by the first rule that fails; '' if it is kept."""
    lost = (rides[COORDINATES] == 0).all(axis=1)
    empty = (rides.passenger_count <= 0) | (rides.fare_amount <= 0)
    beyond = (rides.passenger_count >= 8) | (rides.fare_amount >= 400)
    inside = True
    for end in ("pickup", "dropoff"):
        inside = inside & rides[f"{end}_latitude"].between(40.5, 40.9) & rides[f"{end}_longitude"].between(-74.3, -73.7)
    return np.select([lost, empty, beyond, ~inside], ["lost", "empty", "beyond", "outside"], "")


def kilometres(r):
    """Haversine, on a sphere of 6371 km."""
    a, b, c, d = (np.radians(r[name]) for name in COORDINATES)
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * 6371 * np.arcsin(np.sqrt(h))


def geohash(latitudes, longitudes):
    """Five characters each: 12 bits of latitude and 13 of longitude, longitude first."""
    alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
    rows = np.floor((latitudes.to_numpy() + 90) / 180 * 4096).astype(int)
    columns = np.floor((longitudes.to_numpy() + 180) / 360 * 8192).astype(int)
    code = 0
    for bit in range(25):
        code = code * 2 + ((columns >> (12 - bit // 2)) & 1 if bit % 2 == 0 else (rows >> (11 - bit // 2)) & 1)
    return pd.Series(["".join(alphabet[(value >> shift) & 31] for shift in (20, 15, 10, 5, 0)) for value in code])


def shares(values, keys):
    found = values.value_counts(normalize=True)
    return {str(key): round(float(found.get(key, 0)), 5) for key in keys}


def quantiles(values, at):
    return [round(float(value), 4) for value in values.quantile(at)]


def near(rides, end, airport):
    latitude, longitude, height, width = AIRPORTS[airport]
    return ((rides[f"{end}_latitude"] - latitude).abs() < height) & ((rides[f"{end}_longitude"] - longitude).abs() < width)


def airports(rides, eras):
    result = {}
    for name in AIRPORTS:
        for word, end in (("from", "pickup"), ("to", "dropoff")):
            at = near(rides, end, name)
            entry = {"share": round(float(at.mean()), 5)}
            if at.sum() >= 100:
                entry["fares"] = {era: quantiles(rides[at & mask].fare_amount, [0.25, 0.5, 0.75]) for era, mask in eras.items()}
            result[f"{word} {name}"] = entry
    return result


def main(path):
    raw = pd.read_parquet(path)
    dirt = pd.Series(kinds_of_dirt(raw))
    rides = raw[(dirt == "").values].copy()
    time = rides.pickup_datetime.dt.tz_convert("UTC").dt.tz_localize(None)
    rides["km"] = kilometres(rides)
    second = time.dt.floor("s")
    size = second.map(second.value_counts())
    alone = size <= CROWD
    before2015 = time < pd.Timestamp("2015-01-01")
    eras = {"before": time < FARE_RISE, "after": time >= FARE_RISE}
    month = time.dt.strftime("%Y-%m")
    band = pd.cut(rides.km, BANDS_KM, right=False, labels=[f"{low:g}-{high:g}" for low, high in zip(BANDS_KM, BANDS_KM[1:])])
    cents = (rides.fare_amount * 100).round().astype(int) % 100
    result = {
        "source": "109,774 yellow-taxi rides drawn at random from the city's public trip records, 2009-01 to 2015-06; cleaned",
        "rides": int(len(rides)),
        "dirtShares": {kind: round(float((dirt == kind).mean()), 5) for kind in ("lost", "empty", "outside")},
        "ridesByMonth": {key: int(value) for key, value in month.value_counts().sort_index().items()},
        "meanFareByMonth": {key: round(float(value), 3) for key, value in rides.fare_amount.groupby(month).mean().items()},
        "hourShares": shares(time[alone].dt.hour, range(24)),
        "weekdayShares": shares(time[alone].dt.day_of_week, range(7)),
        "seasonShares": shares(time[alone & before2015].dt.month, range(1, 13)),
        "meanKmByHour": [round(float(value), 3) for value in rides.km.groupby(time.dt.hour).mean()],
        "kmQuantiles": dict(zip(map(str, KM_QUANTILES), quantiles(rides.km, KM_QUANTILES))),
        "standingShare": round(float((rides.km < 0.01).mean()), 5),
        "fareByKm": {
            era: {str(name): quantiles(group.fare_amount, FARE_QUANTILES) for name, group in rides[mask].groupby(band[mask], observed=True)}
            for era, mask in eras.items()
        },
        "usdPerKm": {era: round(float((rides.fare_amount / rides.km)[mask & (rides.km > 0.3)].median()), 4) for era, mask in eras.items()},
        "airports": airports(rides, eras),
        "passengerShares": shares(rides.passenger_count, range(1, 7)),
        "pickupDistricts": shares(geohash(rides.pickup_latitude, rides.pickup_longitude), DISTRICTS),
        "dropoffDistricts": shares(geohash(rides.dropoff_latitude, rides.dropoff_longitude), DISTRICTS),
        "centShares": {era: {str(key): round(float(value), 5) for key, value in cents[mask].value_counts(normalize=True).items() if value >= 0.001} for era, mask in eras.items()},
        "sharedSecondShare": round(float((size > 1)[before2015].mean()), 5),
    }
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main(sys.argv[1])
