"""Store the saved views of the queue: those of each person, and the shared ones."""

from collections.abc import Iterator

from online_orders.aws import grant_check
from online_orders.aws.keys import (
    OWN_VIEW_PREFIX,
    PREFIX_END,
    STAFF_PK,
    VIEW_PREFIX,
    Item,
    Key,
    own_view_key,
    own_view_prefix,
    shared_view_key,
)
from online_orders.aws.table import IF_NOT_EXISTS, WriteConflict, attempts, get_all, query_pages, text, transact
from online_orders.domain.callers import Caller
from online_orders.domain.errors import InProgress
from online_orders.domain.order_parts import User
from online_orders.domain.roles import Permission
from online_orders.domain.values import is_identifier
from online_orders.domain.views import (
    MAX_VIEWS,
    NewView,
    SavedView,
    check_change,
    check_sharing,
    too_many_views,
    view_not_found,
)


def list_views(user_id: str) -> list[SavedView]:
    """Return a person's own views and the shared ones, by name."""
    views = [*_views_under(own_view_prefix(user_id)), *_views_under(VIEW_PREFIX)]
    return sorted(views, key=lambda view: (view.name.casefold(), view.view_id))


def create_view(view_id: str, body: NewView, by: Caller) -> SavedView:
    """Store a new view of the caller; raise Forbidden for a caller who may no longer read the desk, or may not share,
    and StateConflict `too_many_views`.
    """
    check_sharing(body, by)
    by = _as_sharing(body, by)
    grant_check.require_still_allowed(get_all(grant_check.keys_of(by)), by)
    _check_room(body, by.user)
    view = SavedView(view_id=view_id, owner=by.user, **body.model_dump())
    transact([{"Put": {"Item": _item(view), **IF_NOT_EXISTS}}])
    return view


def replace_view(view_id: str, body: NewView, by: Caller) -> SavedView:
    """Store a view in place of the present one, which keeps its owner; raise what `check_change` and `create_view`
    raise, and InProgress when others keep changing it.
    """
    for _ in attempts():
        before = _get_for_change(view_id, _as_sharing(body, by))
        check_sharing(body, by)
        after = before.model_copy(update=body.model_dump())
        if after.shared != before.shared:
            _check_room(body, before.owner)
        if replace_if_unchanged(before, after):
            return after
    raise InProgress("Others keep changing this view; nothing was done.")


def delete_view(view_id: str, by: Caller) -> None:
    """Delete a view; raise what `replace_view` raises."""
    for _ in attempts():
        if replace_if_unchanged(_get_for_change(view_id, by), None):
            return
    raise InProgress("Others keep changing this view; nothing was done.")


def all_views() -> Iterator[SavedView]:
    """Yield every view of everybody."""
    for prefix in (OWN_VIEW_PREFIX, VIEW_PREFIX):
        yield from _views_under(prefix)


def replace_if_unchanged(before: SavedView, after: SavedView | None) -> bool:
    """Store a view in place of another, or delete that (None); return False if it has changed since it was read."""
    is_unchanged = {
        "ConditionExpression": "document = :before",
        "ExpressionAttributeValues": {":before": text(before.model_dump_json())},
    }
    if after is not None and _key_of(after) == _key_of(before):
        actions: list[Item] = [{"Put": {"Item": _item(after), **is_unchanged}}]
    else:
        actions = [{"Delete": {"Key": _key_of(before), **is_unchanged}}]
        actions += [{"Put": {"Item": _item(after)}}] if after is not None else []
    try:
        transact(actions)
    except WriteConflict:
        return False
    return True


def _as_sharing(body: NewView, by: Caller) -> Caller:
    """Return the caller as one who needs what sharing a view requires, where it is shared."""
    return by._replace(required=Permission.WORK_ON_ORDERS) if body.shared and by.required else by


def _get_for_change(view_id: str, by: Caller) -> SavedView:
    if not is_identifier(view_id):
        raise view_not_found()
    keys = [own_view_key(by.user.user_id, view_id), shared_view_key(view_id)]
    found = get_all([*keys, *grant_check.keys_of(by)])
    grant_check.require_still_allowed(found, by)
    items = [item for key in keys if (item := found.get(key))]
    return check_change(_from_item(items[0]) if items else None, by)


def _check_room(body: NewView, owner: User) -> None:
    prefix = VIEW_PREFIX if body.shared else own_view_prefix(owner.user_id)
    if sum(1 for _ in _views_under(prefix)) >= MAX_VIEWS:
        raise too_many_views()


def _views_under(prefix: str) -> Iterator[SavedView]:
    for page in query_pages(STAFF_PK, prefix, prefix + PREFIX_END, Limit=2 * MAX_VIEWS):
        yield from map(_from_item, page)


def _key_of(view: SavedView) -> Key:
    return shared_view_key(view.view_id) if view.shared else own_view_key(view.owner.user_id, view.view_id)


def _item(view: SavedView) -> Item:
    return {**_key_of(view), "document": text(view.model_dump_json())}


def _from_item(item: Item) -> SavedView:
    return SavedView.model_validate_json(item["document"]["S"])
