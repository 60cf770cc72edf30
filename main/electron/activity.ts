/** @file Follows what is at work: the computer stays awake meanwhile, and the task bar shows how far it is. */
import { setTimeout as wait } from 'node:timers/promises';

import type { ContractClient } from '../../shared/contract/index.ts';
import type { Status } from '../../shared/contract/system.ts';

export interface ActivityEffects {
  keepAwake(on: boolean): void;
  /** 0..1; null = nothing at work, 'unknown' = at work without a measure. */
  showProgress(fraction: number | 'unknown' | null): void;
}

/** What keeping awake needs of Electron's `powerSaveBlocker`. */
export interface Blocker {
  start(type: 'prevent-app-suspension'): number;
  stop(id: number): unknown;
}

/** What the task bar needs of Electron's BrowserWindow. */
export interface ProgressWindow {
  isDestroyed(): boolean;
  setProgressBar(fraction: number): void;
}

/** The effects on the system, and whether something is at work as far as is known. */
export function systemEffects(
  blocker: Blocker,
  window: ProgressWindow,
): ActivityEffects & { isBusy(): boolean } {
  let held: number | null = null;
  return {
    keepAwake(on) {
      if (on) held ??= blocker.start('prevent-app-suspension');
      else if (held !== null) {
        blocker.stop(held);
        held = null;
      }
    },
    showProgress(fraction) {
      if (window.isDestroyed()) return;
      // Above 1 is "at work without a measure", below 0 is no bar.
      window.setProgressBar(fraction === 'unknown' ? 2 : (fraction ?? -1));
    },
    isBusy: () => held !== null,
  };
}

/** Between a stream that ended and the next one. */
const PAUSE_MS = 1000;

/**
 * Runs until `signal` aborts; then nothing is kept awake. A library that is shut, restored or being converted refuses or ends what
 * is watched: it is asked again.
 */
export async function followActivity(
  client: Pick<ContractClient, 'system'>,
  effects: ActivityEffects,
  signal: AbortSignal,
  pauseMs = PAUSE_MS,
): Promise<void> {
  let awake = false;
  const tell = (running: Status['running']): void => {
    if (awake !== (running !== null)) effects.keepAwake(!awake);
    awake = running !== null;
    effects.showProgress(running === null ? null : fractionOf(running.progress));
  };
  while (!signal.aborted) {
    try {
      for await (const { running } of await client.system.watch({}, { signal })) tell(running);
    } catch {
      // What fails here fails in the window too, which says so.
    } finally {
      tell(null);
    }
    await wait(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

function fractionOf({ done, total }: NonNullable<Status['running']>['progress']): number | 'unknown' {
  return total === null || total === 0 ? 'unknown' : Math.min(1, done / total);
}
