"""The same network in Keras, on the same rows: one training, timed. Called by training-network.ts; prints one line of JSON.

python training-network.py FOLDER [--autolog]
    FOLDER holds rows.json and little-endian float32 files, written by training-network.ts. With --autolog the training is recorded
    by mlflow.tensorflow.autolog(), in a database in the same folder.

No seed is set, as in the recipe, and on purpose: under `keras.utils.set_random_seed`, `fit` shuffles the rows into the same
order in every epoch (Keras 3.15 on TensorFlow 2.21), so the same few rows are the short last batch each time, and the moving
statistics lean towards them. The errors of seeded runs differ more from seed to seed for it.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import keras
import numpy as np
from keras import layers

folder = sys.argv[1]
with open(os.path.join(folder, "rows.json")) as file:
    about = json.load(file)
settings = about["settings"]


def part(name):
    x = np.fromfile(os.path.join(folder, f"{name}.inputs"), dtype="<f4").reshape(-1, about["width"])
    return x, np.fromfile(os.path.join(folder, f"{name}.target"), dtype="<f4")


class Clock(keras.callbacks.Callback):
    """Seconds at which each epoch, its validation included, was done."""

    done = []

    def on_epoch_end(self, epoch, logs=None):
        self.done.append(time.perf_counter())


fit, early_stop, test = part("fit"), part("earlyStop"), part("test")
first, second = settings["hidden"]
model = keras.Sequential(
    [
        keras.Input((about["width"],)),
        layers.Dense(first, activation="relu", kernel_regularizer=keras.regularizers.L1L2(settings["l1"], settings["l2"])),
        layers.BatchNormalization(momentum=settings["momentum"]),
        layers.Dropout(settings["dropout"]),
        layers.Dense(second, activation="relu"),
        layers.BatchNormalization(momentum=settings["momentum"]),
        layers.Dropout(settings["dropout"]),
        layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(settings["learningRate"]), loss="mse", metrics=["mae"])
if "--autolog" in sys.argv:
    import mlflow

    os.chdir(folder)  # what it writes goes with the folder
    mlflow.set_tracking_uri("sqlite:///runs.db")
    mlflow.tensorflow.autolog()
started, cpu_started = time.perf_counter(), time.process_time()
model.fit(
    *fit,
    validation_data=early_stop,
    batch_size=settings["batchSize"],
    epochs=settings["epochs"],
    callbacks=[keras.callbacks.EarlyStopping(patience=settings["patience"], restore_best_weights=True), Clock()],
    verbose=0,
)
cpu_seconds = time.process_time() - cpu_started
predicted = model.predict(test[0], batch_size=8192, verbose=0).ravel()
epochs = np.diff([started, *Clock.done]).tolist()
mae = float(np.abs(predicted - test[1]).mean())
print(json.dumps({"mae": mae, "epochSeconds": epochs, "cpuSeconds": cpu_seconds, "versions": f"Keras {keras.__version__}"}))
