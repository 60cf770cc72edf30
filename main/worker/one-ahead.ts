/** @file What is needed next is made while what is there is worked on. */

/** `make` of each of `items`, in order; the next is begun before one is handed out. @throws what `make` throws */
export async function* oneAhead<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<{ readonly item: Item; readonly made: Made }> {
  const begin = (at: number): Promise<Made> | null => {
    const item = items[at];
    if (at >= items.length || item === undefined) return null;
    const making = make(item);
    making.catch(() => undefined); // whoever stops first waits for nothing
    return making;
  };
  let next = begin(0);
  for (const [at, item] of items.entries()) {
    if (next === null) return;
    const made = await next;
    next = begin(at + 1);
    yield { item, made };
  }
}
