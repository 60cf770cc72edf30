/** @file How numbers are written everywhere: AUROC with interval, durations, sizes. */

/** `.86` for 0.861; `1.00` for 1; `–` for null (undefined is never shown as .50). */
export function formatScore(value: number | null, digits = 2): string {
  if (value === null || Number.isNaN(value)) return '–';
  const text = value.toFixed(digits);
  return text.startsWith('0.') ? text.slice(1) : text.startsWith('-0.') ? `-${text.slice(2)}` : text;
}

/** `.86 (.82–.90)`. */
export function formatInterval(
  value: number | null,
  ci: readonly [number, number] | null,
  digits = 2,
): string {
  if (value === null) return '–';
  const point = formatScore(value, digits);
  return ci === null ? point : `${point} (${formatScore(ci[0], digits)}–${formatScore(ci[1], digits)})`;
}

/** `+.031`, `−.012`, `.000` (what rounds to nothing has no sign); `–` for null. */
export function formatSigned(value: number | null, digits = 3): string {
  if (value === null) return '–';
  const text = formatScore(Math.abs(value), digits);
  if (Number(text) === 0) return text;
  return (value > 0 ? '+' : '−') + text;
}

/** `.012`, `< .001`; `–` for null (an undefined test). */
export function formatP(p: number | null): string {
  if (p === null) return '–';
  return p < 0.001 ? '< .001' : formatScore(p, 3);
}

/** `8 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** `512 B`, `1.4 MB`, `2.1 GB` (powers of 1,000). */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ''}`;
}
