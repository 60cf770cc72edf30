/** @file What of the reading room can be taken back beside the overlay: what is shown of a film, links, viewports. */
import type { PanesState } from './panes-state.svelte.ts';
import type { ReadingState } from './reading-state.svelte.ts';
import { onOff } from './overlay-settings.ts';
import { setting, type Setting } from './watched-settings.ts';

export function roomSettings(
  reading: Pick<ReadingState, 'boxesOn' | 'planesOn' | 'linked'>,
  panes: Pick<PanesState, 'arrangement'>,
): readonly Setting[] {
  return [
    setting({
      words: onOff('Readers’ boxes'),
      read: () => reading.boxesOn,
      write: (on) => (reading.boxesOn = on),
    }),
    setting({
      words: onOff('Graphics of the film'),
      read: () => reading.planesOn,
      write: (on) => (reading.planesOn = on),
    }),
    setting({
      words: (linked) => (linked ? 'Viewports linked' : 'Viewports not linked'),
      read: () => reading.linked,
      write: (linked) => (reading.linked = linked),
    }),
    setting({
      words: 'Viewports',
      read: () => panes.arrangement,
      write: (arrangement) => (panes.arrangement = arrangement),
    }),
  ];
}
