/** @file How far a film is from those that a model learned from, in words: the window, the command line and reports say the same. */

export interface MeasuredLikeness {
  /** Mahalanobis distance of the film in the model's feature space; has no unit. */
  readonly distance: number;
  readonly limit: number;
  /** 0…1: this share of films like the validation films is nearer than the limit. */
  readonly quantile: number;
  readonly validationFilms: number;
}

/** Two digits or one decimal: 41, 9.3. */
export function distanceWords(distance: number): string {
  return distance >= 10 ? String(Math.round(distance)) : distance.toFixed(1);
}

/** "99 %", "98.1 %"; rounded down, so that nothing is promised that was not fitted. */
export function quantileWords(quantile: number): string {
  return `${Math.floor(quantile * 1000 + 1e-6) / 10} %`;
}

/** A whole sentence for a film beyond the limit. */
export function unlikeWords({ distance, limit, quantile }: MeasuredLikeness): string {
  const [far, near] = apart(distance, limit);
  return `Unlike the films this model learned from: distance ${far}, of validation films ${quantileWords(quantile)} are under ${near}.`;
}

/** Both in as many digits as it takes to tell them apart. */
function apart(a: number, b: number): readonly [string, string] {
  for (let digits = 0; digits < 4; digits += 1) {
    const words = [a, b].map((value) => (digits === 0 ? distanceWords(value) : value.toFixed(digits))) as [
      string,
      string,
    ];
    if (words[0] !== words[1]) return words;
  }
  return [String(a), String(b)];
}

/** A whole sentence for a film within the limit. */
export function likeWords({ distance, limit, quantile }: MeasuredLikeness): string {
  const [near, far] = apart(distance, limit);
  return `Like the films this model learned from: distance ${near}, of validation films ${quantileWords(quantile)} are under ${far}.`;
}
