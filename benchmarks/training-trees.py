"""The same trees in LightGBM or XGBoost, on the same rows: one training, timed. Called by training-trees.ts; prints one line of JSON.

python training-trees.py FOLDER LIBRARY     FOLDER holds about.json and little-endian float32 files, written by training-trees.ts
"""

import json
import os
import resource
import sys
import time

import numpy as np

folder, library = sys.argv[1:3]
with open(os.path.join(folder, "about.json")) as file:
    about = json.load(file)


def part(name):
    x = np.fromfile(os.path.join(folder, f"{name}.numbers"), dtype="<f4").reshape(-1, about["columns"])
    return x, np.fromfile(os.path.join(folder, f"{name}.target"), dtype="<f4")


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def lightgbm(x, y):
    import lightgbm as lgb

    objective = {"l2": "regression", "l1": "regression_l1"}[about["objective"]]
    shape = {"num_leaves": about["leaves"], "learning_rate": about["learningRate"], "num_threads": about["threads"]}
    model = lgb.train({"objective": objective, "verbosity": -1, **shape}, lgb.Dataset(x, y), about["trees"])
    return model.predict


def xgboost(x, y):
    import xgboost as xgb

    objective = {"l2": "reg:squarederror", "l1": "reg:absoluteerror"}[about["objective"]]
    shape = {"max_leaves": about["leaves"], "grow_policy": "lossguide", "max_depth": 0, "eta": about["learningRate"]}
    weights = {"min_child_weight": 20, "reg_lambda": 0, "max_bin": 255, "nthread": about["threads"]}
    rows = xgb.QuantileDMatrix(x, y, max_bin=255, nthread=about["threads"])
    model = xgb.train({"objective": objective, "tree_method": "hist", **shape, **weights}, rows, about["trees"])
    return model.inplace_predict


train = {"lightgbm": lightgbm, "xgboost": xgboost}[library]
__import__(library)  # not part of the training
fit, test = part("fit"), part("test")
cpu, started = cpu_seconds(), time.perf_counter()
predict = train(*fit)
seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
error = predict(test[0]) - test[1]
print(
    json.dumps(
        {
            "seconds": seconds,
            "cpuSeconds": cpu,
            "mae": float(np.mean(np.abs(error))),
            "rmse": float(np.sqrt(np.mean(error**2))),
        }
    )
)
