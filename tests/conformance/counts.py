"""How many runs an experiment has, and how many points the metrics of its newest ones, as MLflow reads them."""

import sys

import mlflow
from facts import tell

client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name(sys.argv[1])
runs = client.search_runs([experiment.experiment_id], max_results=50_000, order_by=["start_time DESC"])
newest = [run for run in runs if run.info.start_time == runs[0].info.start_time]
histories = [client.get_metric_history(run.info.run_id, key) for run in newest for key in run.data.metrics]
tell({"runs": len(runs), "points": sum(len(history) for history in histories)})
