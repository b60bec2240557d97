"""What a model of Understudy, loaded by MLflow from Production, makes of one ride given in raw columns."""

import mlflow
import numpy
import pandas
from facts import tell

ride = pandas.DataFrame(
    {
        "pickup_datetime": pandas.to_datetime(["2013-07-06 17:18:00"], utc=True).as_unit("ms").astype("int64"),
        "pickup_longitude": [-73.950655],
        "pickup_latitude": [40.783282],
        "dropoff_longitude": [-73.984365],
        "dropoff_latitude": [40.769802],
        "passenger_count": [1],
    }
)
predicted = mlflow.pyfunc.load_model("models:/taxifare/Production").predict(ride)
tell({"fare": float(numpy.ravel(predicted["fare_amount"])[0])})
