"""Makes a generation: its place to listen, its words and environment, its process and probes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from runtime_manager.errors import SpawnError
from runtime_manager.model.home import Home
from runtime_manager.model.launch import LaunchFacts, LaunchPlan, launch_plan
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider import Provider
from runtime_manager.packages.program import resolve_program
from runtime_manager.packages.provider_settings import Delivery, delivery
from runtime_manager.process.cgroup import Delegation, Refusal
from runtime_manager.process.guard import Guard
from runtime_manager.process.instance_cgroup import InstanceCgroup
from runtime_manager.process.limits import Bounds, bounds_of
from runtime_manager.process.notify import NotifySocket
from runtime_manager.process.output import Output
from runtime_manager.process.probe import ProbeSpec
from runtime_manager.process.prober import Prober
from runtime_manager.process.scarcity import is_scarce
from runtime_manager.process.spawn import Launch, spawn
from runtime_manager.process.watch import Watch
from runtime_manager.supervisor.berth import Berth, Berths
from runtime_manager.supervisor.generation import Generation, Told


class Launcher:
    """What every spawn of one daemon needs. `waited_for` holds the pids of its programs."""

    def __init__(
        self,
        *,
        home: Home,
        guard: Guard,
        prober: Prober,
        waited_for: set[int],
        environ: Mapping[str, str],
        base_url: str,
        cgroups: Delegation | Refusal,
    ) -> None:
        self._home = home
        self._home_id = home.home_id
        self._guard = guard
        self._prober = prober
        self._waited_for = waited_for
        self._environ = dict(environ)  # os.environ decodes each name and value at each look
        self._base_url = base_url
        self._cgroups = cgroups

    def berths(self, provider: Provider) -> Berths:
        """The berths of one provider; the runner closes them."""
        return Berths(provider.manifest, sockets=self._home.sockets)

    def launch(
        self, provider: Provider, number: int, *, berths: Berths, output: Output, told: Told
    ) -> Generation:
        """Start generation `number`. Raises SpawnError, and then holds nothing."""
        bounds = bounds_of(provider.manifest.limits, self._cgroups)
        program = resolve_program(provider)
        delivered = delivery(self._home, provider.manifest)
        with ExitStack() as lent:
            berth = berths.take(number)
            lent.callback(berth.release)
            notify = self._notify_socket(provider, number, told)
            lent.callback(notify.close)
            facts = self._facts(number, program, berth, notify=notify, delivered=delivered)
            plan = launch_plan(provider, facts)
            cgroup = self._cgroup(provider, number, bounds)
            if cgroup is not None:
                lent.callback(cgroup.end)
            launch = self._launch(provider, plan, berth=berth, bounds=bounds, cgroup=cgroup)
            child = spawn(launch)
            lent.callback(output.detach, child)
            self._waited_for.add(child.pid)
            lent.callback(self._waited_for.discard, child.pid)
            self._guard.add(child.pid, child.started_at)
            lent.callback(self._guard.remove, child.pid)
            generation = Generation(
                number,
                child,
                manifest=provider.manifest,
                folder=provider.folder,
                berth=berth,
                marker=plan.env["RTM_INSTANCE"],
                cgroup=cgroup,
                start_watch=self._watch,
                told=told,
                lent=lent.pop_all(),
            )
        output.attach(
            child,
            generation=number,
            hear=generation.hear,
            dropped=generation.drop,
            unwritten=generation.unwritten,
        )
        generation.watch()
        return generation

    def _notify_socket(self, provider: Provider, number: int, told: Told) -> NotifySocket:
        path = self._home.sockets / f"{provider.code[:40]}.{number}.ntf"
        try:
            return NotifySocket(path, lambda fields: told.notified(number, fields))
        except OSError as exc:
            raise SpawnError(
                f"no socket for its notifications: {exc.strerror}",
                is_permanent=False,
                is_scarcity=is_scarce(exc),
                hint="see the limits on open files (ulimit -n) and the free space of run/",
            ) from exc

    def _cgroup(self, provider: Provider, number: int, bounds: Bounds) -> InstanceCgroup | None:
        """A cgroup for it with its limits, where there are cgroups for us."""
        if isinstance(self._cgroups, Refusal):
            return None
        group = self._cgroups.group(provider.code, number)
        try:
            group.make()
            group.limit(bounds.files)
        except OSError as exc:
            group.end()
            raise SpawnError(
                f"its cgroup {group.path} cannot be made: {exc.strerror}",
                is_permanent=False,
                hint="see that the unit has Delegate=yes; rtm doctor tells more",
            ) from exc
        return group

    def _facts(
        self,
        number: int,
        program: Path,
        berth: Berth,
        *,
        notify: NotifySocket,
        delivered: Delivery,
    ) -> LaunchFacts:
        return LaunchFacts(
            program=program,
            home=self._home,
            home_id=self._home_id,
            generation=number,
            place=berth.place,
            base_url=self._base_url,
            environ=self._environ,
            notify_socket=notify.path,
            settings=delivered.values,
            credentials=delivered.credentials,
        )

    def _launch(
        self,
        provider: Provider,
        plan: LaunchPlan,
        *,
        berth: Berth,
        bounds: Bounds,
        cgroup: InstanceCgroup | None,
    ) -> Launch:
        try:
            self._home.data(provider.code).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as exc:
            raise SpawnError(
                f"its data folder cannot be made: {exc.filename}: {exc.strerror}",
                is_permanent=not is_scarce(exc),
                is_scarcity=is_scarce(exc),
                hint="see the permissions of the home, and the free space of its disk",
            ) from exc
        return Launch(
            argv=plan.argv,
            env=plan.env,
            cwd=plan.cwd,
            rlimits=bounds.rlimits,
            listener=berth.listener,
            has_stdin_pipe=provider.manifest.stop.close_stdin,
            cgroup=cgroup.path if cgroup is not None else None,
        )

    def _watch(self, generation: Generation) -> Watch | None:
        if generation.endpoint is None:
            return None
        health = generation.manifest.health
        return self._prober.watch(
            generation.endpoint,
            probe_spec(generation.manifest),
            interval_s=health.interval_s,
            report=generation.probed,
            is_ours=generation.owns_listener,
        )


def probe_spec(manifest: Manifest) -> ProbeSpec:
    """How one provider is asked whether it serves."""
    health = manifest.health
    headers = tuple(
        (name.encode(), value.encode("latin-1")) for name, value in health.headers.items()
    )
    return ProbeSpec(
        kind=health.kind,
        path=health.path,
        headers=headers,
        accepts=health.expect.accepts,
        timeout_s=health.timeout_s,
    )
