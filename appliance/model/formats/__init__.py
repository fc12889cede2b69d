"""Forms of values, by what they are about: names, network, storage, guests, times.

Each form is named as in the published API contract; `BY_NAME` finds it by that name.
"""

from __future__ import annotations

from appliance.model.formats import guest, names, network, sdn, storage, times
from appliance.model.formats.form import takes
from appliance.model.formats.names import CONFIG_ID, NODE, is_config_id, is_node_name
from appliance.model.option import Format

__all__ = ["BY_NAME", "CONFIG_ID", "NODE", "is_config_id", "is_node_name", "takes"]

BY_NAME: dict[str, Format] = {
    form.name: form
    for module in (guest, names, network, sdn, storage, times)
    for form in module.FORMS
}
