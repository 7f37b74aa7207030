// The API's reference: Redoc shows the document that the API answers with.

const { Redoc } = /** @type {any} */ (globalThis); // of redoc.standalone.js

const FONT = { fontFamily: "system-ui, sans-serif" };

Redoc.init(
  "/api/openapi.json",
  {
    disableSearch: true, // its worker is made of a text, which the site's policy forbids
    hideLoading: true,
    nativeScrollbars: true, // the others bring a style of their own, which the policy forbids, too
    requiredPropsFirst: true,
    theme: { typography: { ...FONT, headings: FONT } },
  },
  document.getElementById("reference"),
);
