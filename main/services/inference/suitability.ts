/**
 * @file Whether a film is one that the models were made for: a frontal chest radiograph with something to see, like those that the
 * model learned from.
 */
import type { Suitability } from '../../../shared/contract/inference.ts';
import { isChest, isRadiograph, viewKind } from '../../../shared/domain/chest-film.ts';
import { unlikeWords } from '../../../shared/domain/likeness.ts';

/** What is known of a film without a model. */
export interface FilmFacts {
  readonly modality: string | null;
  /** (0018,0015), where it is a word of the standard: free text says nothing for sure. */
  readonly bodyPart: string | null;
  readonly view: string | null;
  readonly rows: number;
  readonly cols: number;
  /** Height of a pixel, of its width. */
  readonly aspect: number;
}

/** Longer than this the picture is a strip, no chest film. */
const LARGEST_ASPECT = 2;
/** Grey levels between the 1st and the 99th percentile of the model image, of 255. */
const LEAST_CONTRAST = 16;

/** Null where there is nothing to say. The frame is judged as it is seen, not as its pixels are counted. */
function stripReason({ rows, cols, aspect }: FilmFacts): string | null {
  const tall = (rows * aspect) / cols;
  if (Math.max(tall, 1 / tall) <= LARGEST_ASPECT) return null;
  const [long, times] = tall > 1 ? ['tall', tall] : ['wide', 1 / tall];
  const pixels = aspect === 1 ? '' : `, each pixel ${aspect.toFixed(2)} times as tall as wide`;
  return `The picture is ${times.toFixed(1)} times as ${long} as ${long === 'tall' ? 'wide' : 'tall'} (${cols} × ${rows}${pixels}), too long for a chest film.`;
}

/** What speaks against the film before a model looks at it, in whole sentences. @param image its [224 × 224] grey model image */
function plainReasons(facts: FilmFacts, image: Uint8Array): string[] {
  const { modality, bodyPart, view } = facts;
  const sorted = Uint8Array.from(image).sort();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  // Some write the view into the body part: CHEST_LAT.
  const lateral = bodyPart !== null && isChest(bodyPart) && viewKind(bodyPart) === 'other';
  return [
    modality !== null && !isRadiograph(modality) && `Modality ${modality} is not a radiograph.`,
    bodyPart !== null && !isChest(bodyPart) && `Not a chest film: its header says ${bodyPart}.`,
    view !== null && viewKind(view) === 'other' && `View ${view} is not frontal.`,
    lateral && `Not a frontal view: its header says ${bodyPart}.`,
    stripReason(facts),
    at(0.99) - at(0.01) < LEAST_CONTRAST && 'The film has hardly any contrast.',
  ].filter((reason) => typeof reason === 'string');
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
