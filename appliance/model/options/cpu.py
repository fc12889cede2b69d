"""CPU models and flags that a VM can ask for, and the file of models made by the administrator."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.model.errors import ConfigError
from appliance.model.formats.guest import PHYS_BITS
from appliance.model.formats.names import CONFIG_ID
from appliance.model.options.make import flag, text, whole, word, words
from appliance.model.property_string import Properties
from appliance.model.section_config import SectionType

# What QEMU can show to a guest.
REPORTED_MODELS = words(
    """
    486 a64fx athlon Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS
    Cascadelake-Server Cascadelake-Server-noTSX Cascadelake-Server-v2 Cascadelake-Server-v4
    Cascadelake-Server-v5 ClearwaterForest Conroe Cooperlake Cooperlake-v2 core2duo coreduo
    cortex-a35 cortex-a53 cortex-a55 cortex-a57 cortex-a710 cortex-a72 cortex-a76 EPYC EPYC-Genoa
    EPYC-Genoa-v2 EPYC-IBPB EPYC-Milan EPYC-Milan-v2 EPYC-Milan-v3 EPYC-Rome EPYC-Rome-v2
    EPYC-Rome-v3 EPYC-Rome-v4 EPYC-Rome-v5 EPYC-Turin EPYC-v3 EPYC-v4 EPYC-v5 GraniteRapids
    GraniteRapids-v2 GraniteRapids-v3 Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS host
    Icelake-Client Icelake-Client-noTSX Icelake-Server Icelake-Server-noTSX Icelake-Server-v3
    Icelake-Server-v4 Icelake-Server-v5 Icelake-Server-v6 Icelake-Server-v7 IvyBridge
    IvyBridge-IBRS KnightsMill kvm32 kvm64 max Nehalem Nehalem-IBRS neoverse-n1 neoverse-n2
    neoverse-v1 Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn pentium pentium2
    pentium3 phenom qemu32 qemu64 SandyBridge SandyBridge-IBRS SapphireRapids SapphireRapids-v2
    SapphireRapids-v3 SapphireRapids-v4 SierraForest SierraForest-v2 SierraForest-v3
    Skylake-Client Skylake-Client-IBRS Skylake-Client-noTSX-IBRS Skylake-Client-v4 Skylake-Server
    Skylake-Server-IBRS Skylake-Server-noTSX-IBRS Skylake-Server-v4 Skylake-Server-v5 Westmere
    Westmere-IBRS
    """
)
# Levels of the architecture that the appliance makes of QEMU's models.
BUILTIN_MODELS = ("x86-64-v2", "x86-64-v2-AES", "x86-64-v3", "x86-64-v4")
# Flags that a guest may set without a model of its own.
GUEST_FLAGS = words(
    """
    nested-virt md-clear pcid spec-ctrl ssbd ibpb virt-ssbd amd-ssbd amd-no-ssb pdpe1gb
    hv-tlbflush hv-evmcs aes
    """
)
_FLAG = r"([+-])([a-zA-Z0-9\-_\.]+)"
_CUSTOM = "custom-"

_KEYS = (
    text("cputype", "The model; custom-<name> is one from the file of models.", default="kvm64"),
    text(
        "flags",
        "Flags set with + and taken away with -.",
        pattern=rf"(?:(?:{_FLAG})(;(?:{_FLAG}))*)",
    ),
    whole("guest-phys-bits", "How many physical address bits the guest uses.", 32, 64),
    flag("hidden", "Whether the guest does not see that it runs on KVM.", False),
    text("hv-vendor-id", "The vendor that Hyper-V guests see.", pattern=r"(?:[a-zA-Z0-9]{1,12})"),
    whole("level", "The highest CPUID leaf.", 0, 4294967295),
    text("phys-bits", "How many physical address bits there are, or host.", PHYS_BITS),
    word(
        "reported-model",
        "The model that the guest sees; the type's own if not given.",
        " ".join(REPORTED_MODELS),
        "kvm64",
    ),
)


def is_guest_model(name: str) -> bool:
    """Whether a guest can name this model; custom ones are looked up when the guest starts."""
    return name in REPORTED_MODELS or name in BUILTIN_MODELS or name.startswith(_CUSTOM)


def _check(values: Mapping[str, object]) -> None:
    model = str(values.get("cputype", "kvm64"))
    if not is_guest_model(model):
        raise ConfigError(f"'{model}' is no known model", field="cputype")
    for part in str(values.get("flags", "")).split(";"):
        if part and part[1:] not in GUEST_FLAGS:
            allowed = ", ".join(GUEST_FLAGS)
            raise ConfigError(f"'{part[1:]}' is not one of {allowed}", field="flags")


CPU = Properties(_KEYS, "cputype", "pve-vm-cpu-conf", check=_check)
MODEL_TYPES = (SectionType("cpu-model", CONFIG_ID, _KEYS),)
MODEL_FILE = "virtual-guest/cpu-models.conf"
