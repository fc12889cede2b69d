"""The options of a container: lxc/<vmid>.conf."""

from __future__ import annotations

from appliance.model.formats.guest import CT_TIMEZONE
from appliance.model.formats.network import DNS_NAME, IP_WITH_ZONE
from appliance.model.option_table import OptionTable
from appliance.model.options import ct_devices as devices
from appliance.model.options.make import flag, number, text, whole, word, words
from appliance.model.options.vm import SHARED_OPTIONS

LOCKS = "backup create destroyed disk fstrim migrate mounted rollback snapshot snapshot-delete"
_ARCHITECTURES = "amd64 i386 arm64 armhf riscv32 riscv64"
_OSTYPES = "debian devuan ubuntu centos fedora opensuse archlinux alpine gentoo nixos unmanaged"
_PRINTABLE = r"[^\x00-\x08\x0a-\x1F\x7F]"

_OPTIONS = (
    *SHARED_OPTIONS,
    word("arch", "The architecture of its programs.", _ARCHITECTURES, "amd64"),
    word("cmode", "What the console shows.", "shell console tty", "tty"),
    flag("console", "Whether it has a console.", True),
    whole("cores", "CPUs that it sees; all if not given.", 1, 8192),
    number("cpulimit", "How much of the CPUs it may use; 0 is all.", 0, 8192, 0, unit="CPUs"),
    whole("cpuunits", "Its weight against other guests, 100 where not given.", 0, 500000),
    flag("debug", "Whether more is logged at start.", False),
    text("dev", "A device of the host.", devices.DEVICE, last=255),
    text("entrypoint", "The program that runs first.", pattern=rf"(?:{_PRINTABLE}+)",
         default="/sbin/init"),
    text("env", "Variables of the first program, with a NUL between them.",
         pattern=rf"(?:(?:\w+={_PRINTABLE}*)(?:\0\w+={_PRINTABLE}*)*)"),
    text("features", "What else is allowed to it.", devices.FEATURES),
    text("hostname", "The host name inside.", DNS_NAME, max_length=255),
    word("lock", "What is being done to the guest, so that nothing else is.", LOCKS),
    whole("memory", "The memory.", 16, default=512, unit="MiB"),
    text("mp", "A mount point.", devices.MOUNT_POINT, last=255),
    text("nameserver", "Name servers.", IP_WITH_ZONE, many=True, joint=" "),
    text("net", "A network card.", devices.NET, last=31),
    word("ostype", "What runs in it, so that its files are set up.", _OSTYPES),
    text("rootfs", "The volume with its root file system.", devices.ROOTFS),
    text("searchdomain", "Domains that names are looked up in.", DNS_NAME, many=True, joint=" "),
    whole("swap", "The swap space.", 0, default=512, unit="MiB"),
    text("timezone", "Its time zone; host is that of the node.", CT_TIMEZONE),
    whole("tty", "Terminals that it has.", 0, 6, 2),
    flag("unprivileged", "Whether its root is an ordinary user of the host.", False),
    text("unused", "A volume of the guest that is mounted nowhere.", devices.UNUSED, last=255),
)  # fmt: skip

OPTIONS = OptionTable(sorted(_OPTIONS, key=lambda option: option.name))

# What calls take: the appliance keeps the state of snapshots itself.
API_OPTIONS = OptionTable(o for o in OPTIONS if o.name not in ("parent", "snaptime"))

# Keys of LXC itself that may stand in the file, and those that are set by the appliance alone.
RAW_KEYS = tuple(
    f"lxc.{key}"
    for key in words(
        """
    apparmor.allow_incomplete apparmor.allow_nesting apparmor.profile apparmor.raw arch autodev
    cap.drop cap.keep console.logfile console.path devtty.dir environment environment.hooks
    environment.runtime group hook.autodev hook.clone hook.destroy hook.mount hook.post-stop
    hook.pre-mount hook.pre-start hook.start hook.stop hook.version idmap include init.cmd
    init.cwd init.gid init.groups init.uid kmsg log.file log.level mount.auto mount.entry
    mount.fstab pty.max rootfs.mount seccomp.notify.cookie seccomp.notify.proxy seccomp.profile
    selinux.context signal.halt signal.reboot signal.stop start.auto start.delay start.order
    sysctl.fs.mqueue sysctl.kernel.msgmax sysctl.kernel.msgmnb sysctl.kernel.msgmni
    sysctl.kernel.sem sysctl.kernel.shm_rmid_forced sysctl.kernel.shmall sysctl.kernel.shmmax
    sysctl.kernel.shmmni tty.max uts.name
    """
    )
)
RAW_KEYS_REFUSED = ("lxc.rootfs.options", "lxc.rootfs.path")
