"""Builds a Debian folder with systemd and this project in it, boots it, and passes on what it says.

    sudo python tests/system/systemd/boot.py [--machine nspawn|qemu] [CHECK ...]

nspawn boots in a second, on the cgroups of this machine. qemu boots a kernel of its own (slowly
without KVM), which has cgroup v2 alone: there the limits of providers are shown. Needs root, and
apt-get install mmdebstrap systemd-container (qemu-system-x86 e2fsprogs). The folder is kept in
/var/cache/runtime-manager-tests; --fresh builds it anew.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
CACHE = Path(os.environ.get("RTM_SYSTEMD_CACHE", "/var/cache/runtime-manager-tests"))
SUITE, PYTHON = "bookworm", (3, 11)
PACKAGES = (
    "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,libnss-systemd,python3,"
    "python3-venv,procps,linux-image-cloud-amd64"
)
LIMIT_S = 1200
QUIET = ("systemd.show_status=no", "systemd.mask=console-getty.service")
"""A login prompt would take the console away from the checks (vhangup(2))."""
RESULT = "RESULT "
"""What a line of the guest begins with that tells of a check."""

UNIT = """[Unit]
Description=Checks of Runtime Manager
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=PYTHONUNBUFFERED=1
ExecStart=/opt/runtime-manager/bin/python /opt/checks/guest.py {checks}
StandardOutput=file:/dev/console
StandardError=file:/dev/console
TimeoutStartSec=infinity
"""


def main() -> int:
    """Boot and tell; 0 when every check held."""
    arguments = _arguments()
    if os.geteuid() != 0 or sys.version_info[:2] != PYTHON:
        print("needs root, and the Python that Debian has: 3.11")
        return 2
    folder = build(is_fresh=arguments.fresh)
    checks = arguments.checks or DEFAULTS.get(arguments.machine, [])
    install(folder, checks)
    results = []
    for line in BOOTS[arguments.machine](folder):
        print(line, flush=True)
        if RESULT in line:
            results.append(line[line.index(RESULT) :])
    failed = [line for line in results if not line.startswith(f"{RESULT}ok")]
    print(f"{len(results) - len(failed)} of {len(results)} checks held")
    return 0 if results and not failed and "RESULT ok the-end" in "\n".join(results) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--machine", choices=tuple(BOOTS), default="nspawn")
    parser.add_argument("--fresh", action="store_true", help="build the folder anew")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="names; default: all")
    return parser.parse_args()


def build(*, is_fresh: bool = False) -> Path:
    """The folder with Debian in it, made by mmdebstrap where it is not there yet."""
    folder = CACHE / f"debian-{SUITE}"
    if is_fresh:
        shutil.rmtree(folder, ignore_errors=True)
    if not (folder / "opt" / "runtime-manager").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        chosen = ("--variant=minbase", f"--include={PACKAGES}")
        _call("mmdebstrap", *chosen, SUITE, str(folder))
        _call("chroot", str(folder), "useradd", "--create-home", "ann")
        _call("chroot", str(folder), "python3", "-m", "venv", "/opt/runtime-manager")
    return folder


def install(folder: Path, checks: list[str]) -> None:
    """Put this tree's package, its dependencies and the checks into the folder."""
    wheels = folder / "opt" / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    with tempfile.TemporaryDirectory() as copy:  # a build leaves things beside its sources
        shutil.copytree(REPOSITORY / "runtime_manager", Path(copy, "runtime_manager"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(REPOSITORY / name, copy)
        _call(sys.executable, "-m", "pip", "wheel", "-q", "-w", str(wheels), copy)
    pip = ["/opt/runtime-manager/bin/python", "-m", "pip", "install", "-q", "--no-index"]
    pip += ["--find-links=/opt/wheels", "--upgrade", "--root-user-action=ignore"]
    _call("chroot", str(folder), *pip, "runtime-manager")
    again = ["--no-deps", "--force-reinstall", "runtime-manager"]  # the version stays the same
    _call("chroot", str(folder), *pip, *again)
    checks_folder = folder / "opt" / "checks"
    shutil.rmtree(checks_folder, ignore_errors=True)
    shutil.copytree(Path(__file__).parent, checks_folder)
    shutil.copy(REPOSITORY / "tests/providers/fake/fake_provider.py", checks_folder)
    units = folder / "etc/systemd/system"
    (units / "checks.service").write_text(UNIT.format(checks=" ".join(checks)))
    wants = units / "default.target.wants"
    wants.mkdir(exist_ok=True)
    link = wants / "checks.service"
    link.unlink(missing_ok=True)
    link.symlink_to("../checks.service")


def nspawn(folder: Path) -> Iterator[str]:
    """Boot the folder itself, with all changes in memory, on a network of its own."""
    command = ["systemd-nspawn", f"--directory={folder}", "--volatile=overlay", "--boot"]
    command += ["--private-network", "--register=no", "--keep-unit", "--machine=rtm-checks"]
    yield from _lines([*command, *QUIET], SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1")


def qemu(folder: Path) -> Iterator[str]:
    """Boot an image of the folder in a machine of its own."""
    image = CACHE / "image.ext4"
    image.unlink(missing_ok=True)
    _call("mkfs.ext4", "-q", "-d", str(folder), "-E", "lazy_itable_init=1", str(image), "2G")
    (kernel,) = folder.glob("boot/vmlinuz-*")
    (initrd,) = folder.glob("boot/initrd.img-*")
    own = ("root=/dev/vda", "rw", "console=ttyS0", "quiet", "panic=-1")
    words = " ".join((*own, *QUIET, "systemd.mask=serial-getty@ttyS0.service"))
    command = ["qemu-system-x86_64", "-nographic", "-no-reboot", "-m", "1536", "-smp", "2"]
    command += ["-accel", os.environ.get("RTM_QEMU_ACCEL", "tcg,thread=multi"), "-nic", "none"]
    command += ["-drive", f"file={image},if=virtio,format=raw,cache=unsafe"]
    command += ["-kernel", str(kernel), "-initrd", str(initrd), "-append", words]
    try:
        yield from _lines(command)
    finally:
        image.unlink(missing_ok=True)


BOOTS = {"nspawn": nspawn, "qemu": qemu}
DEFAULTS = {"qemu": ["active-through-ready", "each-instance-has-a-cgroup", "limits"]}
"""Where a machine is too slow for all of them: those that it alone can show."""


def _lines(command: list[str], **env: str) -> Iterator[str]:
    """What the machine prints, until it is off; ended by force after LIMIT_S."""
    machine = subprocess.Popen(
        ["timeout", "--kill-after=10", str(LIMIT_S), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **env},
    )
    assert machine.stdout is not None
    try:
        for line in machine.stdout:
            yield line.rstrip()
    finally:
        machine.terminate()
        machine.wait()
        machine.stdout.close()


def _call(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
