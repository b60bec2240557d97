"""Predictions by FastAPI and Keras, as the recipe serves them: the peer of serving.ts, which starts it.

python serving_keras.py FOLDER PORT call|predict     FOLDER holds weights.json, written by serving.ts

The model has our sizes and our weights, so the answers can be compared. `call` is `model(X)`; `predict` is `model.predict(X)`, the recipe's own way.
Features come from pandas and numpy, as in the recipe: tests/golden/features.py has them.
"""

import importlib.util
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import keras
import numpy as np
import pandas as pd
import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from keras import layers

folder, port, manner = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
place = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "features.py"
spec = importlib.util.spec_from_file_location("golden_features", place)
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

weights = {one["name"]: np.array(one["values"], dtype="float32").reshape(one["shape"]) for one in json.loads((folder / "weights.json").read_text())}
hidden = sorted({name.split("/")[0] for name in weights if name.startswith("hidden_")})
model = keras.Sequential([keras.Input((weights[f"{hidden[0]}/kernel"].shape[0],))])
for name in hidden:
    dense, norm = layers.Dense(weights[f"{name}/bias"].size, activation="relu"), layers.BatchNormalization(momentum=0.9)
    model.add(dense)
    model.add(norm)
    model.add(layers.Dropout(0.1))
    dense.set_weights([weights[f"{name}/kernel"], weights[f"{name}/bias"]])
    norm.set_weights([weights[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")])
last = layers.Dense(1)
model.add(last)
last.set_weights([weights["output/kernel"], weights["output/bias"]])

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"], allow_headers=["*"])
app.state.model = model


@app.get("/health")
def health():
    return "OK"


@app.get("/predict")
def predict(
    pickup_datetime: str,
    pickup_longitude: float,
    pickup_latitude: float,
    dropoff_longitude: float,
    dropoff_latitude: float,
    passenger_count: int,
):
    ride = pd.DataFrame(
        {
            "pickup_datetime": [pd.Timestamp(pickup_datetime, tz="America/New_York").tz_convert("UTC")],
            "pickup_longitude": [pickup_longitude],
            "pickup_latitude": [pickup_latitude],
            "dropoff_longitude": [dropoff_longitude],
            "dropoff_latitude": [dropoff_latitude],
            "passenger_count": [passenger_count],
        }
    )
    inputs = golden.features(ride, "America/New_York").astype("float32")
    predicted = app.state.model(inputs) if manner == "call" else app.state.model.predict(inputs, verbose=0)
    return {"fare": float(np.asarray(predicted)[0, 0])}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
