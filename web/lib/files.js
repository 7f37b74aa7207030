/** Files that the browser gets from the screens. */

/** Hands a file to the browser to keep. */
export const save = (blob, name) => handOver(blob, { download: name });

/** Has the browser show a file in a tab of its own. */
export const openBlob = (blob) => handOver(blob, { target: "_blank", rel: "noopener" });

function handOver(blob, how) {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, ...how });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
