/** @file Versions of the app: three numbers, compared one after the other. */

export const APP_VERSION = /^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})$/;

/** Below 0 when `a` is older than `b`, 0 for the same, above 0 when it is newer. */
export function compareVersions(a: string, b: string): number {
  const parts = (version: string): number[] => {
    if (!APP_VERSION.test(version)) throw new Error(`${version} is not a version`);
    return version.split('.').map(Number);
  };
  const other = parts(b);
  const differences = parts(a).map((part, index) => part - (other[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}
