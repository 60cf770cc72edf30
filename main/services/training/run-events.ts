/** @file Changes of runs as a numbered log: written to the library, told to watchers, caught up after a reconnect. */
import type { EpochRecord, RunEvent } from '../../../shared/contract/training.ts';
import { epochRecord } from '../../../shared/contract/training.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import { runSummary } from './run-views.ts';

const TOPIC = 'run';
/** How many events are kept for windows that come back. */
const KEPT = 5000;

export interface RunEvents {
  tell(id: RunId, epoch?: EpochRecord): void;
  /** @param afterSeq a number that this log has given out; 0, or one that it has not (it is another log), = from this call on */
  watch(afterSeq: number, signal: AbortSignal): AsyncGenerator<RunEvent, void>;
  /** Calls after every change of a run, for as long as the library is open. */
  onChange(listener: () => void): void;
}

export function createRunEvents(library: OpenLibrary, clock: Clock): RunEvents {
  const { store } = library;
  const wakers = new Set<() => void>();

  async function* changesAfter(start: number, signal: AbortSignal): AsyncGenerator<RunEvent, void> {
    let seq = start;
    while (!signal.aborted) {
      const { promise: woken, resolve: wake } = Promise.withResolvers<undefined>();
      const onChange = (): void => wake(undefined);
      wakers.add(onChange);
      signal.addEventListener('abort', onChange, { once: true });
      try {
        const events = store.events.after(TOPIC, seq);
        for (const event of events) {
          seq = event.seq;
          const runId = event.subject as RunId;
          const run = store.runs.find(runId);
          const { epoch } = event.payload as { epoch: unknown };
          yield {
            seq,
            at: event.at,
            runId,
            run: run === null ? null : runSummary(library, run),
            epoch: epoch === null ? null : epochRecord.parse(epoch),
          };
        }
        // The log gives a thousand at once: it is asked until there are no more.
        if (events.length === 0) await woken;
      } finally {
        wakers.delete(onChange);
        signal.removeEventListener('abort', onChange);
      }
    }
  }
  return {
    onChange: (listener) => void wakers.add(listener),
    tell(id, epoch) {
      const seq = store.events.append(TOPIC, id, { epoch: epoch ?? null }, clock.now());
      if (seq % 500 === 0) store.events.prune(TOPIC, seq - KEPT);
      for (const wake of [...wakers]) wake();
    },
    watch(afterSeq, signal) {
      const last = store.events.lastSeq();
      return changesAfter(afterSeq === 0 || afterSeq > last ? last : afterSeq, signal);
    },
  };
}
