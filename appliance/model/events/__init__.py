"""Facts that daemons tell, one frozen dataclass a kind; text and JSON are rendered from them."""

from appliance.model.events.base import Event, as_fields, as_text

__all__ = ["Event", "as_fields", "as_text"]
