"""Every search with every entity and operator: what is found, in order, or how it is refused."""

import mlflow
from facts import refusal, tell
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType

client = MlflowClient()

RUNS = [
    "",
    "metrics.loss > 0.3",
    "metrics.loss >= 0.3",
    "metrics.loss < 0.3",
    "metrics.loss <= 0.3",
    "metrics.loss = 0.3",
    "metrics.loss != 0.3",
    "metric.loss < 0.3 AND metrics.`two words` > 1",
    'metrics."two words" > 1e0 and metrics.loss < -1',
    "params.kind = 'a'",
    "params.kind != 'a'",
    "param.kind LIKE 'A%'",
    "parameter.kind ILIKE 'A%'",
    "parameters.kind IS NULL",
    "params.kind IS NOT NULL",
    "params.`with.dot` = '1.0'",
    "tags.team = 'red'",
    "tags.team != 'red'",
    "tag.team LIKE '%e_'",
    "tags.team ILIKE 'RED'",
    "tags.`a b` IS NOT NULL",
    "tags.team IS NULL",
    "tags.mlflow.runName = 'run 3'",
    "attributes.run_name = 'run 3'",
    "attribute.run_name LIKE 'run 1%'",
    "attr.run_name ILIKE 'RUN 1%'",
    "run.run_name != 'run 3'",
    "`run name` = 'run 3'",
    "run_name = \"run 3\"",
    "attributes.status = 'FINISHED'",
    "status != 'FINISHED'",
    "status LIKE 'F%'",
    "start_time > 1003",
    "attributes.start_time <= 1003 and attributes.end_time != 2001",
    "created >= 1010",
    "user_id = 'somebody'",
    "artifact_uri LIKE '%artifacts'",
    "dataset.name = 'rows 1'",
    "datasets.name LIKE 'rows%'",
    "dataset.digest != 'd1'",
    "dataset.context = 'train'",
    "dataset.name IN ('rows 1', 'rows 2')",
    "dataset.digest NOT IN ('d1')",
    "dataset.context ILIKE 'TRAIN'",
    "run_id IN ('none')",
    "run_id NOT IN ('none', 'neither')",
    "tags.quote = \"it's\"",
    "tags.percent LIKE '100%'",
    "metrics.nan > 0",
    "metrics.up > 1000",
    "metrics.absent > 0",
    "params.kind = 'a' OR params.kind = 'b'",
    "(params.kind = 'a')",
    "metrics.loss > '0.3'",
    "metrics.loss BETWEEN 1 AND 2",
    "params.kind = 3",
    "params.kind > 'a'",
    "params.kind IN ('a')",
    "tags.team = red",
    "nothing.key = 'a'",
    "attributes.nothing = 'a'",
    "run_id IN ()",
    "status IN ('FINISHED')",
    "params.kind = 'a';",
    "params.kind = 'a' AND",
    "metrics.loss",
    "params.kind LIKE 'unclosed",
]

ORDERS = [
    ["metrics.loss ASC"],
    ["metrics.loss DESC"],
    ["metrics.nan ASC"],
    ["metrics.nan DESC"],
    ["metrics.`two words`"],
    ["params.kind DESC", "metrics.loss"],
    ["tags.team", "attributes.start_time DESC"],
    ["attributes.end_time DESC"],
    ["run_name"],
    ["status ASC", "created DESC"],
    ["user_id", "start_time DESC"],
    ["metrics.loss SIDEWAYS"],
    ["metrics.loss, params.kind"],
    ["nothing.key"],
    ["attributes.nothing"],
]

EXPERIMENTS = [
    "name = 'searched'",
    "name != 'searched'",
    "attribute.name LIKE 'Se%'",
    "name ILIKE 'Se%'",
    "creation_time > 0",
    "last_update_time < 5",
    "tags.team = 'red'",
    "tag.team != 'red'",
    "tags.team LIKE 'r%'",
    "tags.team IS NULL",
    "tags.team IS NOT NULL",
    "experiment_id = '0'",
    "experiment_id IN ('0')",
    "attributes.name = 'searched'",
    "name > 'a'",
    "creation_time LIKE '1'",
]

EXPERIMENT_ORDERS = [["name"], ["name DESC"], ["experiment_id ASC"], ["creation_time", "name DESC"], ["last_update_time DESC", "name"], ["nothing"]]

MODELS = [
    "",
    "name = 'model a'",
    "name != 'model a'",
    "name LIKE 'model%'",
    "name ILIKE 'MODEL%'",
    "name IN ('model a', 'other')",
    "name NOT IN ('model a')",
    "tags.team = 'red'",
    "tag.team != 'red'",
    "tags.team LIKE 'r%'",
    "name ILIKE 'MODEL%' AND tags.team = 'red'",
    "name > 'a'",
    "version_number = 1",
]

MODEL_ORDERS = [["name"], ["name DESC"], ["timestamp DESC", "name DESC"], ["creation_timestamp"], ["nothing"]]

VERSIONS = [
    "name = 'model a'",
    "name != 'model a'",
    "name LIKE 'model%'",
    "name ILIKE 'MODEL%'",
    "name IN ('model a')",
    "version_number > 1",
    "version_number = 1 and name = 'model a'",
    "version_number != 1",
    "source_path = 's3://bucket/1'",
    "source_path LIKE 's3://bucket/%'",
    "tags.team = 'red'",
    "tags.team != 'red'",
    "tags.team ILIKE 'RED'",
    "run_id IN ('none')",
    "run_id = 'none'",
    "name NOT IN ('other')",
    "version_number LIKE '1'",
    "source_path IN ('a')",
    "nothing = 'a'",
]

VERSION_ORDERS = [["name DESC"], ["version_number ASC"], ["version_number DESC", "name"], ["creation_timestamp DESC"], ["nothing"]]

LOGGED = [
    "",
    "name = 'logged 1'",
    "name != 'logged 1'",
    "name LIKE 'logged%'",
    "name ILIKE 'LOGGED%'",
    "name IN ('logged 1', 'logged 2')",
    "name NOT IN ('logged 1')",
    "params.depth = '2'",
    "params.depth LIKE '%'",
    "tags.team = 'red'",
    "tags.team != 'red'",
    "metrics.score > 0.5",
    "metrics.score = 0.5",
    "model_type = 'agent'",
    "attributes.model_type != 'agent'",
    "creation_time > 0",
    "creation_timestamp < 0",
    "last_updated_timestamp >= 1",
    "name = 'a' OR name = 'b'",
    "nothing.key = 'a'",
]

LOGGED_ORDERS = [
    [{"field_name": "metrics.score", "ascending": True}],
    [{"field_name": "metrics.score", "ascending": False}],
    [{"field_name": "name", "ascending": True}],
    [{"field_name": "name"}],
    [{"field_name": "creation_timestamp", "ascending": True}],
    [{"field_name": "nothing"}],
]


def make_runs():
    experiment = client.create_experiment("searched", tags={"team": "red"})
    client.create_experiment("Second", tags={"team": "blue"})
    for index in range(12):
        run = client.create_run(experiment, start_time=1000 + index, run_name=f"run {index}", tags={"mlflow.user": "somebody"})
        metrics = [Metric("loss", index / 10 if index != 7 else -5.0, 1, 0)]
        if index % 3 == 0:
            metrics += [Metric("two words", float(index), 1, 0)]
        special = {1: "nan", 2: "inf", 3: "-inf", 4: "1"}.get(index)
        if special:
            metrics += [Metric("nan", float(special), 1, 0), Metric("up", float(special), 1, 0)]
        params = [Param("kind", ["a", "A1", "b"][index % 3])] if index < 9 else [Param("with.dot", "1.0")]
        tags = [RunTag("team", ["red", "Red", "blue"][index % 3])] if index % 4 else [RunTag("a b", "it"), RunTag("quote", "it's")]
        if index == 5:
            tags += [RunTag("percent", "100%"), RunTag("quote", 'say "a"')]
        client.log_batch(run.info.run_id, metrics=metrics, params=params, tags=tags)
        if index in (1, 2, 3):
            log_dataset(run.info.run_id, index)
        if index % 2:
            client.set_terminated(run.info.run_id, "FINISHED" if index % 3 else "FAILED", end_time=2000 + index)
    return experiment


def log_dataset(run_id, index):
    data = mlflow.entities.Dataset(f"rows {min(index, 2)}", f"d{index}", "local", "{}")
    tag = mlflow.entities.InputTag("mlflow.data.context", "train" if index < 3 else "eval")
    client.log_inputs(run_id, [mlflow.entities.DatasetInput(data, [tag])])


def make_models():
    for name, team in {"model a": "red", "model b": "blue", "Model C": None, "other": "Red"}.items():
        client.create_registered_model(name, tags={"team": team} if team else None)
        for number in range(1, 4 if name == "model a" else 2):
            client.create_model_version(name, f"s3://bucket/{number}", tags={"team": team} if team and number < 3 else None)


def make_logged_models(experiment):
    for index in range(4):
        model = client.create_logged_model(
            experiment,
            name=f"logged {index}",
            params={"depth": str(index)},
            tags={"team": "red"} if index % 2 else None,
            model_type="agent" if index < 2 else None,
        )
        if index:
            run = client.create_run(experiment, run_name=f"scores {index}")
            client.log_metric(run.info.run_id, "score", index / 4, model_id=model.model_id, timestamp=1, step=0)
            client.delete_run(run.info.run_id)
        if index > 1:
            client.finalize_logged_model(model.model_id, "READY")


def answer(ask, name):
    """Names in order, or the code of the refusal."""
    found = []
    refused = refusal(lambda: found.extend(name(entity) for entity in ask()))
    return refused[0] if refused else found


def pages(experiment):
    """Page by page, every run once."""
    names, token = [], None
    while True:
        page = client.search_runs([experiment], order_by=["start_time ASC"], max_results=5, page_token=token)
        names.append([run.info.run_name for run in page])
        token = page.token
        if not token:
            return names


def run_searches(experiment):
    def ask(filter_string="", order_by=("start_time ASC",), view=ViewType.ACTIVE_ONLY):
        return answer(lambda: client.search_runs([experiment], filter_string, view, order_by=order_by), lambda run: run.info.run_name)

    ids = [run.info.run_id for run in client.search_runs([experiment], order_by=["start_time ASC"])]
    return {
        "filters": {text: ask(text) for text in RUNS},
        "orders": {str(order): ask("", order) for order in ORDERS},
        "no order": ask("", None),
        "upper case ids": ask(f"run_id IN ('{ids[3].upper()}', '{ids[4]}')"),
        "one id": ask(f"attributes.run_id = '{ids[3]}'"),
        "deleted": ask("", ("start_time ASC",), ViewType.DELETED_ONLY),
        "pages": pages(experiment),
    }


def main():
    experiment = make_runs()
    make_models()
    name = lambda found: found.name  # noqa: E731
    version = lambda found: [found.name, int(found.version)]  # noqa: E731
    told = {"runs": run_searches(experiment)}
    told["experiments"] = {
        "filters": {text: answer(lambda: client.search_experiments(filter_string=text, order_by=["name"]), name) for text in EXPERIMENTS},
        "orders": {str(order): answer(lambda: client.search_experiments(order_by=order), name) for order in EXPERIMENT_ORDERS},
    }
    told["registered models"] = {
        "filters": {text: answer(lambda: client.search_registered_models(text), name) for text in MODELS},
        "orders": {str(order): answer(lambda: client.search_registered_models(order_by=order), name) for order in MODEL_ORDERS},
    }
    told["versions"] = {
        "filters": {text: answer(lambda: client.search_model_versions(text), version) for text in VERSIONS},
        "orders": {str(order): answer(lambda: client.search_model_versions(order_by=order), version) for order in VERSION_ORDERS},
    }
    if hasattr(client, "search_logged_models"):
        make_logged_models(experiment)
        ask = lambda text=None, order=None: answer(  # noqa: E731
            lambda: client.search_logged_models([experiment], filter_string=text, order_by=order), name
        )
        told["logged models"] = {
            "filters": {text: ask(text) for text in LOGGED},
            "orders": {str(order): ask(None, order) for order in LOGGED_ORDERS},
        }
    tell(told)


main()
