/** @file How a map is laid over a film, and each part of that as a setting that can be taken back. */
import type { AttentionMethod } from '../../../../shared/contract/inference.ts';
import type { ColourMapName } from '../../viewer/colours.ts';
import { setting, type Setting, type SettingOf } from './watched-settings.ts';

export interface OverlaySettings {
  on: boolean;
  method: AttentionMethod;
  /** null = mean over heads; for `last` only. */
  head: number | null;
  /** For `relevance` only. */
  target: string;
  opacity: number;
  colourMap: ColourMapName;
  smooth: boolean;
  grid: boolean;
}

export const onOff = (what: string) => (on: boolean) => `${what} ${on ? 'shown' : 'hidden'}`;

/** How a map is laid over a film. */
export function overlaySettings(overlay: OverlaySettings): readonly Setting[] {
  const of = <Key extends keyof OverlaySettings>(
    key: Key,
    words: SettingOf<OverlaySettings[Key]>['words'],
    more: { readonly gesture?: string } = {},
  ): Setting =>
    setting({ words, read: () => overlay[key], write: (value) => (overlay[key] = value), ...more });
  return [
    of('on', onOff('Attention overlay')),
    of('method', 'Attention method'),
    of('head', 'Head of attention'),
    of('target', 'What relevance is for'),
    of('opacity', 'Opacity of the overlay', { gesture: 'overlay-opacity' }),
    of('colourMap', 'Colours of the overlay'),
    of('smooth', (smooth) => (smooth ? 'Overlay smoothed' : 'Overlay not smoothed')),
    of('grid', onOff('Token grid')),
  ];
}
