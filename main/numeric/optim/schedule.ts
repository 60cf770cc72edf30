/** @file Learning-rate schedule: linear warm-up, then cosine to 0 (Loshchilov & Hutter 2017). */

/**
 * Rate of optimiser step `step` (0-based) of `totalSteps`. During warm-up the rate rises linearly from
 * peak/warmupSteps to peak; afterwards peak/2 · (1 + cos(π · progress)).
 */
export function learningRateAt(step: number, totalSteps: number, warmupSteps: number, peak: number): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const span = Math.max(1, totalSteps - warmupSteps);
  const progress = Math.min(1, (step - warmupSteps) / span);
  return 0.5 * peak * (1 + Math.cos(Math.PI * progress));
}
