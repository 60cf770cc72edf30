/** @file Hands a text or a picture to the person as a file. Used by every "Save" button. */

/** Saves text under a name that the person can change. */
export function saveText(name: string, text: string, type: string): void {
  saveBlob(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has its own reference once the click has been handled.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Saves what a byte route gives. @throws Error when it gives nothing */
export async function saveFromHost(name: string, href: string): Promise<void> {
  const answer = await fetch(href);
  if (!answer.ok) throw new Error(`${name} could not be read (${answer.status}). Save it again.`);
  saveBlob(name, await answer.blob());
}

/** Rows as CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe. */
export function toCsv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
