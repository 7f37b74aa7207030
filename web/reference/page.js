// The API's reference: Redoc shows the document that the API answers with.

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

function show() {
  const colors = dark.matches ? DARK : {};
  Redoc.init(
    "/api/openapi.json",
    {
      disableSearch: true, // its worker is made of a text, which the site's policy forbids
      hideLoading: true,
      nativeScrollbars: true, // the others bring a style of their own, which the policy forbids, too
      requiredPropsFirst: true,
      theme: { ...colors, typography: { ...FONT, headings: FONT, code: { color: dark.matches ? "#ffb3a7" : "#a3262a" } } },
    },
    document.getElementById("reference"),
  );
}

dark.addEventListener("change", show);
show();
