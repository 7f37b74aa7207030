// Keeps the list up to date while the page is open, and shows times as the reader's clock has them.
const mails = () => document.querySelector(".mails");

function showTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    const style = time.dataset.long || !today ? { dateStyle: "medium", timeStyle: "medium" } : { timeStyle: "medium" };
    time.textContent = new Intl.DateTimeFormat(undefined, style).format(at);
  }
}

async function refresh() {
  if (document.hidden) return;
  const { newest } = await (await fetch("/mailbox/-/newest")).json();
  if (newest === mails().dataset.newest) return;
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const fresh = page.querySelector(".mails");
  const scrolled = mails().scrollTop;
  showTimes(fresh);
  mails().replaceWith(fresh);
  fresh.scrollTop = scrolled;
}

showTimes(document);
setInterval(() => refresh().catch(() => {}), 2000);
