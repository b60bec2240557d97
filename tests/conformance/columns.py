"""What a model of Understudy in Production, loaded by MLflow, makes of one row of raw columns, by the name of each output."""

import json
import sys

import mlflow
import numpy
import pandas
from facts import tell

name, row = sys.argv[1], json.loads(sys.argv[2])
model = mlflow.pyfunc.load_model(f"models:/{name}/Production")
predicted = model.predict(pandas.DataFrame({column: [value] for column, value in row.items()}))
declared = [output.name for output in model.metadata.signature.outputs]
tell({output: float(numpy.ravel(predicted[output])[0]) for output in declared})
