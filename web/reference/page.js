// The API's reference: Redoc shows the document that the API answers with, one section at a time. It renders all that it
// gets in one go, and the whole API would keep a slow machine busy, before an empty page, for many seconds.

const { Redoc } = /** @type {any} */ (globalThis); // of redoc.standalone.js

const FONT = { fontFamily: "system-ui, sans-serif" };

// Redoc has one set of colors; it derives further ones from these.
const DARK = {
  colors: {
    primary: { main: "#7ab8ff" },
    success: { main: "#7fd38b" },
    error: { main: "#ff8f8f" },
    text: { primary: "#e6e9ee", secondary: "#b3bac5" },
    border: { dark: "#4a5160", light: "#363c48" },
    gray: { 50: "#262b35", 100: "#363c48" },
    http: { get: "#7fd38b", post: "#7ab8ff", put: "#c9a2f2", delete: "#ff8f8f" },
  },
  schema: { nestedBackground: "#20242d", linesColor: "#4a5160", typeNameColor: "#b3bac5", typeTitleColor: "#b3bac5" },
  sidebar: { backgroundColor: "#20242d", textColor: "#e6e9ee" },
  rightPanel: { backgroundColor: "#10131a" },
  codeBlock: { backgroundColor: "#20242d" },
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const reference = document.getElementById("reference");
const sections = document.getElementById("sections");

// Redoc's own addresses within the page: #tag/Desk-people/operation/invite_person
const anchor = (tag) => `#tag/${tag.name.replaceAll(" ", "-")}`;
const chosen = (tags) => tags.find((tag) => `${location.hash}/`.startsWith(`${anchor(tag)}/`)) ?? tags[0];

const ready = () => reference.setAttribute("aria-busy", "false");

function list(tags, shown) {
  for (const tag of tags) {
    const link = document.createElement("a");
    link.href = anchor(tag);
    link.textContent = tag.name;
    if (tag === shown) link.setAttribute("aria-current", "page");
    sections.append(link);
  }
}

function only(tag, whole) {
  const paths = {};
  for (const [path, item] of Object.entries(whole.paths)) {
    const kept = Object.entries(item).filter(([, part]) => !part.tags || part.tags.includes(tag.name));
    if (kept.some(([, part]) => part.tags)) paths[path] = Object.fromEntries(kept);
  }
  return { ...whole, tags: [tag], paths };
}

function show(part) {
  const colors = dark.matches ? DARK : {};
  Redoc.init(
    part,
    {
      downloadDefinitionUrl: "/api/openapi.json", // else it offers what it shows, a part
      disableSearch: true, // its worker is made of a text, which the site's policy forbids
      hideLoading: true,
      nativeScrollbars: true, // the others bring a style of their own, which the policy forbids, too
      requiredPropsFirst: true,
      scrollYOffset: () => (getComputedStyle(sections).position === "sticky" ? sections.offsetHeight : 0),
      theme: { ...colors, typography: { ...FONT, headings: FONT, code: { color: dark.matches ? "#ffb3a7" : "#a3262a" } } },
    },
    reference,
    ready,
  );
}

async function load() {
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

const whole = await load().catch((error) => {
  reference.textContent = "The API's description could not be loaded. Please load this page again.";
  ready();
  throw error;
});
const shown = chosen(whole.tags);
const part = only(shown, whole);
list(whole.tags, shown);
show(part);
dark.addEventListener("change", () => show(part));
// Redoc cannot be given another document; and Back is to lead to the section before.
addEventListener("hashchange", () => {
  if (chosen(whole.tags) !== shown) location.reload();
});
