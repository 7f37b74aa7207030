"""The catalog that ships, as tests of what is ordered by it need it."""

from __future__ import annotations

from online_orders.domain.catalog import QUANTITY, shipped, text_in
from online_orders.domain.languages import FALLBACK, LOCALES

CATALOG = shipped()


def choices(kind: str, setting: str) -> tuple[str | int, ...]:
    return tuple(CATALOG.kinds[kind].settings[setting].choices)


BANDWIDTH_STEPS = tuple(int(step) for step in choices("site_bandwidth", "bandwidth_mbps"))
SOCKET_MODELS = tuple(str(model) for model in choices("socket", "model"))
ACCESSORY_TYPES = tuple(str(each) for each in choices("accessory", "accessory_type"))
REGIONS = {
    str(choice.value): text_in(choice.labels, FALLBACK)
    for choice in CATALOG.kinds["sdp_users"].settings["region"].choices.values()
}
LIMITS = {
    name: kind.settings[QUANTITY].maximum or 0 for name, kind in CATALOG.kinds.items() if QUANTITY in kind.settings
}
KIND_LABELS = {name: kind.label() for name, kind in CATALOG.kinds.items()}
UPGRADES = CATALOG.upgrades


def labels_in(language: str) -> dict[str, str]:
    """The words of kinds, and of choices that have some, by `kind.{kind}` and `{setting}.{value}`."""
    found = {f"kind.{name}": kind.label(language) for name, kind in CATALOG.kinds.items()}
    for kind in CATALOG.kinds.values():
        for setting in kind.settings.values():
            for choice in setting.choices.values():
                if choice.labels:
                    found[f"{setting.name}.{choice.value}"] = text_in(choice.labels, language)
    return found


LABELS_BY_LOCALE = {language: labels_in(language) for language in LOCALES}
