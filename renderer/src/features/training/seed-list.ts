/** @file Seeds as a person types them: whole numbers with commas or blanks between. */

/** Each seed once, in the order typed; null when the text is not a list of 1 to `most` whole numbers. */
export function seedList(text: string, most: number): readonly number[] | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  if (parts.length === 0 || parts.length > most) return null;
  if (!parts.every((part) => /^\d{1,9}$/.test(part))) return null;
  return [...new Set(parts.map(Number))];
}
