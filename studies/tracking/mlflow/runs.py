"""Finds the runs of an experiment again, by ids.

Names and numbers alone do not tell studies of one name apart, nor the trials of a deleted study from those that came after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Final, NamedTuple

from studies.tracking.events import RUN, SeedStarted, TrialFinished, owner_title

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARENT: Final = "mlflow.parentRunId"
KIND, SEED, TRIAL = "huanhua.kind", "huanhua.seed", "huanhua.trial"
OWNER: Final = "huanhua.workspace"
"""The id of the workspace that a run is of; runs in a workspace's own store have none."""
EARLIER: Final = "huanhua.earlier"
"""Marks a seed's run whose trials were deleted since, for people."""
SHOWN: Final = "huanhua.picture"
"""none, blurred or clear: how the picture of a trial was logged."""
DECISIVE: Final = ("sampler", "steps", "cfg", "size", "prompt")
"""Parameters of a seed that trials of one study have in common."""


class Child(NamedTuple):
    """The run of one trial. Status FINISHED means that all of it was logged; `shown` is the value of its tag SHOWN."""

    run_id: str
    status: str
    shown: str = ""
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}


class Runs:
    """Those of one owner in an experiment."""

    def __init__(self, client: MlflowClient, experiment: str, owner: str) -> None:
        """`owner` is empty in a store of the study's own, in which every run is its."""
        self._client, self._experiment, self._owner = client, experiment, owner
        self._parents: dict[int | None, str] = {}
        self._shows: dict[str, str] = {}
        self._children: dict[str, dict[int, list[Child]]] = {}

    def find(self, tags: Mapping[str, str]) -> list[Run]:
        """The oldest first."""
        query = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
        runs: list[Run] = []
        token: str | None = None
        while True:
            page = self._client.search_runs([self._experiment], query, order_by=["attributes.start_time ASC"], page_token=token)
            runs.extend(page)
            token = page.token
            if not token:
                return runs

    def create(self, name: str, tags: Mapping[str, str]) -> Run:
        return self._client.create_run(self._experiment, tags={name_of(k): v for k, v in tags.items()}, run_name=name)

    def parent(self, seed: int | None) -> str:
        """The run of a seed, or of the study; created if there is none."""
        if seed not in self._parents:
            found = [run for run in self._of(seed) if self._surely_mine(run) and EARLIER not in run.data.tags]
            self._parents[seed] = (found[-1] if found else self._new(seed)).info.run_id
        return self._parents[seed]

    def start(self, event: SeedStarted) -> Run:
        """The run that shows the trials which the event names by its tag RUN; runs of other trials of this seed are marked."""
        shows = event.tags.get(RUN, "")
        if not shows:
            return self._client.get_run(self.parent(event.seed))
        candidates = [run for run in self._of(event.seed) if self._surely_mine(run) or OWNER not in run.data.tags]
        run = next((run for run in candidates if run.data.tags.get(RUN) == shows), None)
        if run is None:
            # Earlier versions gave no ids.
            bare = [run for run in candidates if RUN not in run.data.tags and EARLIER not in run.data.tags]
            run = next((run for run in reversed(bare) if _alike(run, event)), None) or self._new(event.seed)
            if self._owner:
                self._client.set_tag(run.info.run_id, OWNER, self._owner)
        elif EARLIER in run.data.tags:  # deleted trials were brought back
            self._client.delete_tag(run.info.run_id, EARLIER)
            self._client.update_run(run.info.run_id, name=owner_title(event.seed))
        for other in candidates:
            if other.info.run_id != run.info.run_id and self._surely_mine(other) and EARLIER not in other.data.tags:
                self._client.set_tag(other.info.run_id, EARLIER, "yes")
                self._client.update_run(other.info.run_id, name=f"{owner_title(event.seed)} (earlier)")
        self._parents[event.seed] = run.info.run_id
        self._shows[run.info.run_id] = shows
        return run

    def child(self, event: TrialFinished) -> Child:
        """The run of a trial; created if there is none with its parameters. One of its number with others is another trial's."""
        parent, params = self.parent(event.seed), {name_of(key): str(value) for key, value in event.params.items()}
        children = self._children_of(parent)
        for child in children.pop(event.number, []):
            whole = child.status == "FINISHED"
            if event.number not in children and (child.params == params if whole else child.params.items() <= params.items()):
                children[event.number] = [child]
            else:
                self._retire(child, event.number)
        if event.number not in children:
            tags = {**event.tags, KIND: "trial", PARENT: parent, SEED: str(event.seed), TRIAL: str(event.number)}
            tags |= {name: value for name, value in ((RUN, self._shows.get(parent)), (OWNER, self._owner)) if value}
            run = self.create(f"trial {event.number}", tags)
            children[event.number] = [Child(run.info.run_id, "RUNNING")]
        return children[event.number][0]

    def finished(self, event: TrialFinished, child: Child) -> None:
        """All of the trial is logged now."""
        self._children_of(self.parent(event.seed))[event.number] = [child]

    def keep_only(self, seed: int, numbers: Set[int]) -> None:
        """Sets runs aside of trials that the seed does not have, or no longer: it has those of these numbers."""
        children = self._children_of(self.parent(seed))
        for number in [number for number in children if number not in numbers]:
            for child in children.pop(number):
                self._retire(child, number)

    def _children_of(self, parent: str) -> dict[int, list[Child]]:
        if parent not in self._children:
            self._children[parent] = {}
            for run in self.find({KIND: "trial", PARENT: parent}):
                self._children[parent].setdefault(int(run.data.tags[TRIAL]), []).append(_child(run))
        return self._children[parent]

    def _retire(self, child: Child, number: int) -> None:
        self._client.set_tag(child.run_id, KIND, "earlier trial")
        self._client.update_run(child.run_id, name=f"trial {number} (earlier)")

    def _of(self, seed: int | None) -> Sequence[Run]:
        return self.find({KIND: "study"} if seed is None else {KIND: "seed", SEED: str(seed)})

    def _new(self, seed: int | None) -> Run:
        tags = {KIND: "study"} if seed is None else {KIND: "seed", SEED: str(seed)}
        return self.create(owner_title(seed), tags | ({OWNER: self._owner} if self._owner else {}))

    def _surely_mine(self, run: Run) -> bool:
        return not self._owner or run.data.tags.get(OWNER) == self._owner


def name_of(key: str) -> str:
    """`key` in the characters that MLflow accepts."""
    return re.sub(r"[^\w./ -]", "_", key).strip("/. ") or "_"


def _alike(run: Run, event: SeedStarted) -> bool:
    """Whether a run without ids may be of these trials; each of them is still compared."""
    stored = run.data.params
    return all(stored.get(key, str(event.params[key])) == str(event.params[key]) for key in DECISIVE if key in event.params)


def _child(run: Run) -> Child:
    # Runs that are older than the tag have clear pictures.
    return Child(run.info.run_id, run.info.status, run.data.tags.get(SHOWN, "clear"), run.data.params, run.data.tags)
