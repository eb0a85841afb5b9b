"""What the dashboards of a study read, and on which addresses they may listen."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from models.language.translate import phrase

if TYPE_CHECKING:
    from dashboards.servers import Public, Stores
    from studies.study import Study

PASSWORD: Final = "HUANHUA_PASSWORD"
SHORTEST: Final = 12
"""Characters of a password."""
LOOPBACK: Final = ("127.0.0.1", "localhost")


def stores_of(study: Study, *, blurred: bool) -> Stores:
    """The stores that the dashboards of a study read. Raises InputError if MLflow's database in the workspace is damaged."""
    from dashboards.servers import Stores
    from studies.tracking.mlflow.database import move_artifacts
    from studies.tracking.mlflow.tracker import local_store

    place = study.workspace
    url, mlflow_artifacts = local_store(place.root)
    if study.tracking_url is None:
        move_artifacts(url, mlflow_artifacts)
    return Stores(
        mlflow_url=study.tracking_url or url,
        mlflow_artifacts=mlflow_artifacts,
        storage_url=study.storage_url,
        artifacts=place.artifacts,
        logs=place.root / "logs",
        blurred=blurred,
    )


def public_at(host: str | None) -> Public | None:
    """Where MLflow listens beyond loopback, if anywhere. Raises InputError where it would do so without a password."""
    from dashboards.servers import Public
    from models.errors import InputError

    if host is None or host in LOOPBACK:
        return None
    if host in ("0.0.0.0", "::", "*"):
        raise InputError("every address at once is too many", "--host", "name the one that others will type")
    password = os.environ.get(PASSWORD, "")
    if len(password) < SHORTEST:
        raise InputError(
            phrase("beyond this machine MLflow answers behind a password only ({host})", host=host),
            "--host",
            phrase(
                "put one of at least {letters} letters into {variable}, or leave --host out and use `ssh -L`",
                letters=SHORTEST,
                variable=PASSWORD,
            ),
        )
    if find_spec("flask_wtf") is None:
        raise InputError("MLflow needs Flask-WTF to ask for a password", "--host", "pip install 'huanhua[auth]'")
    return Public(host, password)
