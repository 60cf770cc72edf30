/** @file Whether work is compiled into graphs: `CHESTLIGHT_ENGINE` is `eager` or `graph` for comparisons. */

/** Null where nobody has chosen. */
export function chosenEngine(): 'eager' | 'graph' | null {
  const asked = process.env.CHESTLIGHT_ENGINE;
  return asked === 'eager' || asked === 'graph' ? asked : null;
}

/** Predictions are compiled unless somebody has chosen otherwise. */
export const compilesGraphs = (): boolean => chosenEngine() !== 'eager';
