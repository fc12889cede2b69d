"""A quorum device for a lab: corosync-qnetd in a node of its own, corosync-qdevice on the others.

With TLS the node has an SSH server too, over which the others have their certificate signed.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from appliance.model.corosync_conf import CorosyncConf, set_device
from tests.lab.cluster import Lab
from tests.lab.namespaces import run, shell

NODE: Final = "q"
SSHD: Final = "/usr/sbin/sshd"
ADDRESS_NUMBER: Final = 100
_PATIENCE_S: Final = 20.0


def lacks_qnetd() -> str | None:
    """What is missing on this machine; None if nothing is."""
    for program in ("corosync-qnetd", "corosync-qdevice"):
        if shutil.which(program) is None:
            return f"needs {program} (Debian: apt install {program})"
    return None


def with_device(conf: CorosyncConf, *, timeout_ms: int, sync_timeout_ms: int) -> CorosyncConf:
    """The layout with the lab's device. Shorter timeouts than corosync advises make tests short."""
    conf = set_device(conf, f"10.77.0.{ADDRESS_NUMBER}", algorithm="ffsplit")
    device = conf.quorum.section("device")
    assert device is not None
    net = device.section("net")
    assert net is not None
    device = device.with_value("timeout", str(timeout_ms))
    device = device.with_value("sync_timeout", str(sync_timeout_ms))
    device = device.with_sections("net", (net.with_value("tls", "off"),))
    return conf.with_section(conf.quorum.with_sections("device", (device,)))


def start_qnetd(lab: Lab, *, tls: bool = False) -> None:
    """Add the node and start the service. Before corosync starts anywhere."""
    lab.make_node(NODE, ADDRESS_NUMBER)
    shell(lab.spaces[NODE], ["mkdir -p /run/corosync-qnetd"])
    if tls:
        lab.spaces[NODE].run("corosync-qnetd-certutil", "-i", "-G")
    lab.spawn(NODE, "corosync-qnetd", "-f", "-s", "on" if tls else "off", log="qnetd.log")


def let_root_in(lab: Lab, *names: str) -> None:
    """Root of these nodes reaches root of the device's node over SSH, with a key of the lab's."""
    home = lab.folder / NODE / "ssh"
    home.mkdir(mode=0o700)
    for key in ("host", "root"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / key))
    shutil.copy(home / "root.pub", home / "authorized_keys")
    host_key = (home / "host.pub").read_text()
    (home / "known_hosts").write_text(f"10.77.0.{ADDRESS_NUMBER} {host_key}")
    shutil.copy(home / "root", home / "id_ed25519")
    (home / "id_ed25519").chmod(0o600)
    for name in (NODE, *names):
        shell(lab.spaces[name], ["mkdir -p /root/.ssh", f"mount --bind {home} /root/.ssh"])
    shell(lab.spaces[NODE], ["mkdir -p /run/sshd"])
    options = ("UsePAM=no", "PasswordAuthentication=no", f"HostKey={home}/host")
    words = [word for option in options for word in ("-o", option)]
    lab.spawn(NODE, SSHD, "-D", "-e", "-f", "/dev/null", *words, log="sshd.log")


def lacks_sshd() -> str | None:
    return None if Path(SSHD).exists() else f"needs {SSHD} (Debian: apt install openssh-server)"


def tells_tls(lab: Lab) -> str:
    """What the device says of its clients."""
    return lab.spaces[NODE].run("corosync-qnetd-tool", "-lv")


def start_qdevice(lab: Lab, name: str) -> None:
    """Start the daemon that asks for the vote. After corosync answers on that node."""
    lab.spawn(name, "corosync-qdevice", "-f", log="qdevice.log")


def wait_for_votes(lab: Lab) -> None:
    """Until the device votes for every node."""
    deadline = time.monotonic() + _PATIENCE_S
    for name in lab.names:
        command = lab.spaces[name].command("corosync-quorumtool", "-s")
        while "A,V,NMW" not in _output(command):  # alive, voting
            if time.monotonic() > deadline:
                raise TimeoutError(f"no vote of the quorum device for {name}")
            time.sleep(0.1)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
