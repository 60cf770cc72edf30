/**
 * @file Whether a film is one that the models were made for: a frontal chest radiograph with something to see, like those that the
 * model learned from.
 */
import type { Suitability } from '../../../shared/contract/inference.ts';
import { unlikeWords } from '../../../shared/domain/likeness.ts';

/** What is known of a film without a model. */
export interface FilmFacts {
  readonly modality: string | null;
  readonly view: string | null;
  readonly rows: number;
  readonly cols: number;
  /** Height of a pixel, of its width. */
  readonly aspect: number;
}

/** Projection radiographs: PS3.3 C.7.3.1.1.1. RG (film digitiser) and OT, SC (secondary capture) may well hold one. */
const RADIOGRAPHS = ['CR', 'DX', 'RG', 'OT', 'SC'];
/** (0018,5101) of lateral and oblique views: PS3.3 C.8.7.1.1.1 and C.8.11.5. */
const NOT_FRONTAL = ['LL', 'RL', 'LLD', 'RLD', 'LLO', 'RLO', 'LATERAL', 'LAT'];
/** Longer than this the frame is a strip, no chest film. */
const LARGEST_ASPECT = 2;
/** Grey levels between the 1st and the 99th percentile of the model image, of 255. */
const LEAST_CONTRAST = 16;

/** What speaks against the film before a model looks at it, in whole sentences. @param image its [224 × 224] grey model image */
function plainReasons({ modality, view, rows, cols, aspect }: FilmFacts, image: Uint8Array): string[] {
  const sorted = Uint8Array.from(image).sort();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const ratio = (rows * aspect) / cols;
  return [
    modality !== null && !RADIOGRAPHS.includes(modality) && `Modality ${modality} is not a radiograph.`,
    view !== null && NOT_FRONTAL.includes(view.toUpperCase()) && `View ${view} is not frontal.`,
    Math.max(ratio, 1 / ratio) > LARGEST_ASPECT && `${cols} × ${rows} pixels is too long for a chest film.`,
    at(0.99) - at(0.01) < LEAST_CONTRAST && 'The film has hardly any contrast.',
  ].filter((reason) => reason !== false);
}

/** @param likeness what the model's own films say of it */
export function suitabilityOf(
  facts: FilmFacts,
  image: Uint8Array,
  likeness: Suitability['likeness'],
): Suitability {
  const reasons = plainReasons(facts, image);
  if (likeness.state === 'unlike') reasons.push(unlikeWords(likeness));
  return { suitable: reasons.length === 0, reasons, likeness };
}
