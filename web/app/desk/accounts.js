/** The accounts and their enrollments. */

import { accountPage } from "../address.js";
import { fill, h } from "../dom.js";
import { reasonOf, toast } from "../forms.js";
import { trail } from "../shell.js";
import { day, either, t } from "../words.js";

export async function showAccounts({ api, signal }) {
  let { items: accounts, next_cursor: cursor } = await api.get("/desk/accounts", { limit: 100 }, signal);
  const table = h("div.results");
  const more = h("div.pages");
  let wanted = "";

  function draw() {
    const found = accounts.filter((each) => `${each.name} ${each.account_id} ${each.enrollment?.contact?.email ?? ""}`.toLowerCase().includes(wanted));
    fill(table, found.length ? rows(found) : h("div.empty", {}, h("h2", {}, t("accounts.none")), h("p", {}, t("accounts.none_text"))));
    fill(more, cursor && h("button", { type: "button", onclick: loadMore }, t("accounts.more")));
  }

  async function loadMore() {
    try {
      const page = await api.get("/desk/accounts", { limit: 100, cursor }, signal);
      accounts = [...accounts, ...page.items];
      cursor = page.next_cursor;
      draw();
    } catch (error) {
      toast(reasonOf(error));
    }
  }

  draw();
  return h("div.screen", {},
    trail([t("nav.desk")], [t("nav.accounts")]),
    h("div.title-row", {}, h("h1", {}, t("nav.accounts")), h("div.actions", {}, h("a.button.primary", { href: "/desk/accounts/new" }, t("accounts.new")))),
    h("div.filters", { role: "search" }, h("label.grow", {}, t("accounts.search"), h("input", { type: "search", oninput: (event) => { wanted = event.target.value.trim().toLowerCase(); draw(); } }))),
    table, more);
}

function rows(accounts) {
  return h("table.orders", {},
    h("caption.visually-hidden", {}, t("nav.accounts")),
    h("thead", {}, h("tr", {}, [t("order.account"), t("accounts.enrollment"), t("order.contact"), t("accounts.sites"), t("accounts.settings")].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, accounts.map((account) => h("tr", {},
      h("td.what", {}, h("a.order-link", { href: accountPage(account.account_id) }, account.name), h("code.order-id", {}, account.account_id),
        account.parent_account_id && h("span.hint", {}, t("accounts.under", { parent: account.parent_account_id }))),
      h("td", { "data-label": t("accounts.enrollment") }, enrollmentChip(account), account.enrollment && h("span.hint", {}, t("accounts.letter_of", { date: day(account.enrollment.letter_received_on) }))),
      h("td", { "data-label": t("order.contact") }, account.enrollment?.contact ? [account.enrollment.contact.name, h("span.hint.person", {}, account.enrollment.contact.email)] : "–"),
      h("td", { "data-label": t("accounts.sites") }, String(account.sites.length)),
      h("td", { "data-label": t("accounts.settings") }, h("span.person", {}, [account.currency, account.locale, account.time_zone].join(" · ")))))));
}

function enrollmentChip(account) {
  const state = !account.enrollment ? "none" : account.enrollment.contact ? account.enrollment.state : "no_contact";
  return h(`span.chip.enrollment-${state}`, {}, either(`enrollment.${state}`, state));
}
