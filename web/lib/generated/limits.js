/** What bodies may hold, by schema and member of the API's document; made from it by `make generate`. */
export const LIMITS = {
  "Accessory": {"site_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}, "accessory_type": {"enum": ["rack_mount_kit", "network_card"]}, "quantity": {"maximum": 50, "minimum": 1}},
  "AccountInvitationRequest": {"email": {"maxLength": 254, "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9-]{2,63}$"}, "name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "role": {"enum": ["viewer", "buyer", "admin"]}},
  "AccountRequest": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "locale": {"enum": ["en", "de"]}, "parent_account_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}, "sites": {"maxItems": 500}, "groups": {"maxItems": 20}},
  "Contact": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "email": {"maxLength": 254, "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9-]{2,63}$"}},
  "ContactReport": {"account_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}, "text": {"maxLength": 2000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "Deputy": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "email": {"maxLength": 254, "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9-]{2,63}$"}},
  "DirectOrderRequest": {"items": {"maxItems": 50}, "account_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}, "purchase_order_number": {"maxLength": 64, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "note": {"maxLength": 2000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "Enrollment-Input": {"state": {"enum": ["active", "suspended"]}, "deputies": {"maxItems": 5}},
  "InvitationRequest": {"email": {"maxLength": 254, "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9-]{2,63}$"}, "name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "role": {"enum": ["viewer", "buyer", "admin"]}, "account_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}},
  "IpAddresses": {"quantity": {"maximum": 256, "minimum": 1}},
  "License": {"bandwidth_mbps": {"minimum": 1}},
  "NeededReason": {"reason": {"maxLength": 1000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "NewComment": {"text": {"maxLength": 2000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "NewDeskComment": {"text": {"maxLength": 2000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "NewDeskServiceUser": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "scopes": {"maxItems": 6}, "account_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}},
  "NewLine": {"item_id": {"maxLength": 8}, "description": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "quantity": {"maximum": 1000000, "minimum": 1}, "unit_price": {"pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,3})?$"}, "recurrence": {"enum": ["once", "monthly", "yearly"]}},
  "NewListPrice": {"kind": {"enum": ["site_bandwidth", "site_early_activation", "socket", "ip_addresses", "sdp_users", "accessory"]}, "variant": {"maxLength": 32}, "description": {"maxLength": 100, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "unit_price": {"pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,3})?$"}, "recurrence": {"enum": ["once", "monthly", "yearly"]}},
  "NewQuote": {"lines": {"maxItems": 200}, "message": {"maxLength": 2000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}, "terms": {"maxLength": 10000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "NewServiceUser": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "scopes": {"maxItems": 6}},
  "OrderRequest": {"items": {"maxItems": 50}, "account_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}, "purchase_order_number": {"maxLength": 64, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "note": {"maxLength": 2000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "PersonRequest": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "state": {"enum": ["invited", "active", "deactivated"]}, "role": {"enum": ["viewer", "buyer", "admin"]}},
  "PriceListRequest": {"prices": {"maxItems": 500}},
  "Reason": {"reason": {"maxLength": 1000, "pattern": "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"}},
  "SdpUsers": {"region": {"enum": ["north_america", "latin_america", "europe", "middle_east_africa", "asia_pacific", "china"]}, "quantity": {"maximum": 50000, "minimum": 1}},
  "ServiceUserRequest": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "scopes": {"maxItems": 6}, "state": {"enum": ["active", "deactivated"]}},
  "Site-Input": {"site_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}, "name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "address": {"maxLength": 500, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "sockets": {"maxItems": 20}},
  "SiteBandwidth": {"site_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}},
  "SiteEarlyActivation": {"site_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}},
  "Socket": {"site_id": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}, "model": {"enum": ["X1500", "X1700"]}, "quantity": {"maximum": 50, "minimum": 1}},
  "SocketStock": {"model": {"enum": ["X1500", "X1700"]}, "quantity": {"minimum": 1}},
  "StaffInvitationRequest": {"email": {"maxLength": 254, "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9-]{2,63}$"}, "name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "role": {"enum": ["auditor", "agent", "lead"]}},
  "StaffPersonRequest": {"name": {"maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"}, "state": {"enum": ["invited", "active", "deactivated"]}, "role": {"enum": ["auditor", "agent", "lead"]}},
};

/* Patterns of an order's id and of a day, and what the basis of an estimate holds that rests on few orders. */
export const ORDER_ID = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$";
export const DAY = "^\\d{4}-\\d{2}-\\d{2}$";
export const TOO_FEW_ORDERS = "too few orders";
