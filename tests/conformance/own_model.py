"""A model made in Python takes its place among the versions: scikit-learn, as ONNX, from raw columns to minutes.

Arguments: a CSV of raw parcels, `mean` or `line` for what it learns, and up to when its parcels go, or nothing.
"""

import sys

import mlflow
import pandas
from facts import tell
from mlflow import MlflowClient
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

NAME = "deliveries"
COLUMNS = ["distance_km", "parcels"]


def learnt(path, kind):
    """A line over the columns; one that ignores the distance is left with little."""
    parcels = pandas.read_csv(path).query("distance_km > 0")
    chosen = COLUMNS if kind == "line" else COLUMNS[1:]
    model = make_pipeline(ColumnTransformer([("chosen", "passthrough", chosen)]), LinearRegression())
    return model.fit(parcels[COLUMNS], parcels["minutes"])


def main():
    path, kind, *trained_to = sys.argv[1:]
    inputs = [(name, DoubleTensorType([None, 1])) for name in COLUMNS]
    onnx = to_onnx(learnt(path, kind), initial_types=inputs, target_opset=17)
    mlflow.set_experiment("made in Python")
    with mlflow.start_run():
        info = mlflow.onnx.log_model(onnx, name="model", registered_model_name=NAME, pip_requirements=["onnx"])
    version = str(info.registered_model_version)
    if trained_to:
        # Without it nobody knows which rows the version has learnt, and a person is asked whatever it scores.
        MlflowClient().set_model_version_tag(NAME, version, "understudy.trained_to", trained_to[0])
    tell({"version": int(version)})


main()
