/** @file What a run starts from where nobody has chosen. */

/** Of the start weights for its model the app's own; null = there are none, it starts at random. */
export function usualStart(
  starts: readonly { readonly id: string; readonly bundled: boolean }[],
): string | null {
  return starts.find(({ bundled }) => bundled)?.id ?? null;
}
