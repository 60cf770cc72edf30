/** @file The windows that a film can be shown with, for a list: presets by their number, further VOI LUTs of its own by theirs. */
import type { ViewerImage } from '../../../shared/contract/library.ts';
import { isUsableVoi, WINDOW_PRESETS, type VoiLut } from '../../../shared/domain/lut.ts';
import { ownVoi } from './grey-table.ts';

export interface WindowChoice {
  readonly value: string;
  readonly label: string;
}

/** Value of a window that was set by hand: it cannot be chosen. */
export const BY_HAND = 'by-hand';

/** Usable VOI LUTs of the film beside the one it opens with (PS3.3 C.11.2: alternative views), by the value of their choice. */
export function furtherVois(source: ViewerImage): ReadonlyMap<string, VoiLut> {
  const own = ownVoi(source);
  const further = source.voiLuts.flatMap((voi, index) =>
    voi === own || !isUsableVoi(voi) ? [] : [[`film-${index + 1}`, voi] as const],
  );
  return new Map(further);
}

/** @param source null while the film is on its way */
export function windowChoices(source: ViewerImage | null): readonly WindowChoice[] {
  const presets = WINDOW_PRESETS.map(({ name }, index) => ({ value: String(index), label: name }));
  const [film, ...others] = presets;
  const further = source === null ? [] : [...furtherVois(source)];
  return [
    ...(film === undefined ? [] : [film]),
    ...further.map(([value, { explanation }], at) => ({
      value,
      label:
        explanation === undefined || explanation === '' ? `Film ${at + 2}` : `Film ${at + 2}: ${explanation}`,
    })),
    ...others,
  ];
}
