/** Files that the screens give to the browser. */

/** Saves a file. */
export const save = (blob, name) => clickLink(blob, { download: name });

/** Opens a file in a new tab. */
export const openBlob = (blob) => clickLink(blob, { target: "_blank", rel: "noopener" });

function clickLink(blob, how) {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, ...how });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
