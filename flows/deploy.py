"""What a Prefect server needs to know of us: work pool, deployments, automations.

Run as `python -m flows.deploy` in the environment of the server to talk to; running it again
brings everything up to date.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from datetime import timedelta

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists

from stages.errors import ConfigError
from store.settings import REPO_ROOT, Settings, load_settings

POOL = "spoonful"
HEARTBEAT_S = 30
"""Seconds between signs of life of a run; the least Prefect allows."""
SILENCE_S = 4 * HEARTBEAT_S
"""After this long without one, a run that says it is running is declared crashed."""

SERVER_START_S = 90.0

ANY_RUN = ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]})
ENDED = frozenset(
    f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")
)


async def deploy(settings: Settings) -> None:
    """Create or update all of it.

    Raises ConfigError when no server answers, CalledProcessError when it refuses prefect.yaml.
    """
    async with get_client() as client:
        await _await_server(client)
        with contextlib.suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        subprocess.run(  # our own interpreter and file
            [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
            cwd=REPO_ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for automation in await make_automations(settings):
            await _save(client, automation)


async def _await_server(client: PrefectClient) -> None:
    problem: Exception | None = None
    try:
        async with asyncio.timeout(SERVER_START_S):
            while (problem := await client.api_healthcheck()) is not None:
                await asyncio.sleep(0.3)
    except TimeoutError as error:
        raise ConfigError(
            f"No Prefect server answers at {client.api_url} ({SERVER_START_S:.0f} s): {problem}"
        ) from error


async def make_automations(settings: Settings) -> list[AutomationCore]:
    """The zombie automation and the failure automation."""
    zombies = AutomationCore(
        name="spoonful: end zombie runs",
        description="The open-source server leaves a run whose process died in Running for ever. "
        f"After {SILENCE_S} s without a sign of life it is Crashed; the next run goes on.",
        trigger=EventTrigger(
            match=ANY_RUN,
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *ENDED},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENCE_S),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message="No sign of life: the process is gone. The next run goes on from here.",
            )
        ],
    )
    failures = AutomationCore(
        name="spoonful: tell about failures",
        description="A run failed or crashed. Told to SPOONFUL_ALERT_WEBHOOK, if that is set.",
        trigger=EventTrigger(
            match=ANY_RUN,
            expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[await _alert(settings)],
    )
    return [zombies, failures]


async def _alert(settings: Settings) -> SendNotification | DoNothing:
    if not settings.alert_webhook:
        return DoNothing()
    from prefect.blocks.notifications import CustomWebhookNotificationBlock  # imports apprise

    block = CustomWebhookNotificationBlock(
        name="spoonful-alert",
        url=settings.alert_webhook,
        json_data={"text": "{{subject}}\n{{body}}"},
    )
    block_id = await block.save("spoonful-alert", overwrite=True)
    return SendNotification(
        block_document_id=block_id,
        subject="Spoonful: {{ flow.name }} {{ flow_run.state.name }}",
        body="{{ flow_run.name }}: {{ flow_run.state.message }}\n{{ flow_run|ui_url }}",
    )


async def _save(client: PrefectClient, automation: AutomationCore) -> None:
    """Create or update it; one that is as it should be is left alone, with what it has counted."""
    known = await client.read_automations_by_name(automation.name)
    if not known:
        await client.create_automation(automation)
    elif {name: getattr(known[0], name) for name in AutomationCore.model_fields} != dict(
        automation
    ):
        await client.update_automation(known[0].id, automation)


if __name__ == "__main__":
    try:
        asyncio.run(deploy(load_settings()))
    except ConfigError as error:
        sys.exit(str(error))
