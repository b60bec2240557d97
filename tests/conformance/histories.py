"""Long histories of metrics: what was written in batches comes back whole and in order, page by page."""

import mlflow
from facts import tell
from mlflow import MlflowClient
from mlflow.entities import Metric

client = MlflowClient()


def history(run_id, key, points):
    """Logs a metric in batches of 1,000, one batch out of order, and reads it back."""
    batches = [range(start, min(start + 1000, points)) for start in range(0, points, 1000)]
    for steps in [*batches[1:], batches[0]]:
        client.log_batch(run_id, metrics=[Metric(key, step / 8, 1_000_000 + step, step) for step in steps])
    found = client.get_metric_history(run_id, key)
    return {
        "points": len(found),
        "in order": [point.step for point in found] == list(range(points)),
        "values": all(point.value == point.step / 8 for point in found),
        "times": all(point.timestamp == 1_000_000 + point.step for point in found),
        "latest": client.get_run(run_id).data.metrics[key],
    }


def main():
    mlflow.set_experiment("histories")
    with mlflow.start_run() as run:
        run_id = run.info.run_id
        tell(
            {
                "25,000": history(run_id, "full page", 25_000),
                "30,500": history(run_id, "two pages", 30_500),
                "none": len(client.get_metric_history(run_id, "absent")),
            }
        )


main()
