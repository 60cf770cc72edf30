/** @file Settings of a library for a second workstation (shared/domain/library-settings.ts): given out, and taken. Window and command line share it. */
import type { TakenSettings } from '../../../shared/contract/settings.ts';
import type { Reader } from '../../../shared/contract/review.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import type { LibrarySettings, SettingsPoint } from '../../../shared/domain/library-settings.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { Task } from '../../../shared/domain/task.ts';
import type { Store } from '../../store/store.ts';
import { keepThreshold } from '../evaluation/kept-thresholds.ts';
import { thresholdsByHand } from '../inference/thresholds.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { lockMinutesOf, setLockMinutes } from '../lock/lock-service.ts';
import type { Clock } from '../service-types.ts';

const MOST_TOLD = 20;
/** What a reason says in a library that took a file: the one that was given where it came from stays there. */
const REASON = 'from a settings file';

/** Runs with finished weights, by the hash of these: a model from elsewhere has the same. */
function runsByModel({ runs }: Store): ReadonlyMap<string, readonly RunId[]> {
  const byModel = new Map<string, RunId[]>();
  for (const { id } of runs.list()) {
    const final = runs.checkpoints(id).find(({ kind }) => kind === 'final');
    if (final !== undefined) byModel.set(final.sha256, [...(byModel.get(final.sha256) ?? []), id]);
  }
  return byModel;
}

export function librarySettings({ store }: Pick<OpenLibrary, 'store'>): LibrarySettings {
  const points = new Map<string, SettingsPoint>();
  for (const [model, runIds] of runsByModel(store)) {
    for (const runId of runIds) {
      for (const { task, threshold } of thresholdsByHand(store, runId).values())
        points.set(`${model} ${task}`, { model, task, threshold });
    }
  }
  return { lockMinutes: lockMinutesOf(store), operatingPoints: [...points.values()] };
}

/**
 * Takes what a file says, all of it in one transaction; what it does not say stays. Operating points of models that are not here are
 * left out and told.
 * @param reader null = by the command line @throws ServiceError READ_ONLY
 */
export function takeLibrarySettings(
  library: OpenLibrary,
  clock: Clock,
  reader: Pick<Reader, 'id' | 'name'> | null,
  { lockMinutes, operatingPoints = [] }: LibrarySettings,
): TakenSettings {
  const { store, files, audit } = library;
  files.refuseIfReadOnly();
  const byModel = runsByModel(store);
  let set = 0;
  let same = 0;
  const why: string[] = [];

  const take = ({ model, task: named, threshold }: SettingsPoint): void => {
    const task = named as Task;
    const runIds = byModel.get(model) ?? [];
    if (runIds.length === 0) why.push(`${named}: the model ${model.slice(0, 8)}… is not in this library.`);
    for (const runId of runIds) {
      if (thresholdsByHand(store, runId).get(task)?.threshold === threshold) {
        same += 1;
        continue;
      }
      try {
        keepThreshold(library, clock, reader, { runId, task, threshold, reason: REASON });
        set += 1;
      } catch (error) {
        if (!(error instanceof ServiceError) || !['BAD_INPUT', 'CONFLICT'].includes(error.code)) throw error;
        why.push(error.message);
      }
    }
  };

  return store.transaction(() => {
    for (const point of operatingPoints) take(point);
    const isOther = lockMinutes !== undefined && lockMinutes !== lockMinutesOf(store);
    if (isOther) setLockMinutes(library, lockMinutes, reader?.id ?? '');
    const counts = { set, same, left: why.length };
    audit.record('setting', reader?.id ?? '', { what: 'settings file', ...counts });
    return { lockMinutes: isOther ? lockMinutes : null, ...counts, why: why.slice(0, MOST_TOLD) };
  });
}
