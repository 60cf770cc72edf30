/** @file Every run's state, kept current by the run events; details of the runs that are looked at. */
import type { EpochRecord, RunDetail, RunEvent, RunSummary } from '../../../shared/contract/training.ts';
import type { ContractClient } from '../../../shared/contract/index.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { isActive } from '../../../shared/domain/run-state.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { noticeOf, type Notice } from '../rpc/notice.ts';
import { follow } from '../rpc/stream.ts';
import { Action } from './action.svelte.ts';

export type RunVerb = 'pause' | 'resume' | 'stopKeepBest' | 'cancel' | 'remove';

export class RunsState {
  #runs = $state.raw<ReadonlyMap<RunId, RunSummary>>(new Map());
  #details = $state.raw<ReadonlyMap<RunId, RunDetail>>(new Map());
  /** Epochs that ended while a detail was not asked for yet. */
  #epochs = $state.raw<ReadonlyMap<RunId, readonly EpochRecord[]>>(new Map());
  loaded = $state(false);
  notice = $state.raw<Notice | null>(null);
  /** Rises when a run reaches a result: tables of results ask again. */
  finishedVersion = $state(0);
  readonly acting = new Action();

  readonly #connection: Connection;
  #asked = new Set<RunId>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Newest first. */
  readonly all = $derived.by(() => [...this.#runs.values()].sort((a, b) => b.createdAt - a.createdAt));
  readonly teachers = $derived(this.all.filter((run) => run.method === 'teacher'));
  readonly students = $derived(
    this.all.filter((run) => run.method !== 'teacher' && run.method !== 'pretrain'),
  );
  /** Runs of the Teacher page: teachers, and what they may start from. */
  readonly forTeachers = $derived(
    this.all.filter((run) => run.method === 'teacher' || run.method === 'pretrain'),
  );
  readonly finishedTeachers = $derived(this.teachers.filter((run) => run.state === 'finished'));
  readonly active = $derived(this.all.find((run) => isActive(run.state)) ?? null);

  get(runId: RunId | null): RunSummary | null {
    return runId === null ? null : (this.#runs.get(runId) ?? null);
  }

  /** The whole run, or null while it is on its way. Asks for it once. */
  detail(runId: RunId | null): RunDetail | null {
    if (runId === null) return null;
    const detail = this.#details.get(runId);
    if (detail === undefined) queueMicrotask(() => void this.loadDetail(runId));
    return detail ?? null;
  }

  /** Epochs so far: those of the detail and those that ended since. */
  history(runId: RunId | null): readonly EpochRecord[] {
    if (runId === null) return [];
    const known = this.#details.get(runId)?.history ?? [];
    const last = known.at(-1)?.epoch ?? -1;
    return [...known, ...(this.#epochs.get(runId) ?? []).filter((record) => record.epoch > last)];
  }

  async run(signal: AbortSignal): Promise<void> {
    await follow<RunEvent>(this.#connection, signal, {
      // From now on, whatever came before: the host may have gone back to a copy, whose events are numbered anew.
      open: (client) => client.training.watch({ afterSeq: 0 }, { signal }),
      onOpen: (client) => this.#snapshot(client),
      onEvent: (event) => this.#apply(event),
    });
  }

  act(verb: RunVerb, runId: RunId): Promise<boolean> {
    return this.acting.run(async () => {
      const client = await this.#connection.client();
      await client.training[verb]({ runId });
      if (verb === 'remove') this.#forget(runId);
    });
  }

  async loadDetail(runId: RunId, again = false): Promise<void> {
    if (this.#asked.has(runId) && !again) return;
    this.#asked.add(runId);
    try {
      const detail = await (await this.#connection.client()).training.run({ runId });
      this.#details = new Map([...this.#details, [runId, detail]]);
    } catch (error) {
      this.#asked.delete(runId);
      this.notice = noticeOf(error);
    }
  }

  async #snapshot(client: ContractClient): Promise<void> {
    const touched = new Set<RunId>();
    this.#touched = touched;
    // Epochs that ended unseen, and those of another history, come with the details that are asked for again.
    this.#epochs = new Map();
    try {
      const runs = await client.training.runs({});
      const next = new Map(runs.map((run) => [run.id, run]));
      // An event that came while the list was on its way is newer than the list.
      for (const id of touched) {
        const newer = this.#runs.get(id);
        if (newer !== undefined) next.set(id, newer);
      }
      this.#runs = next;
      this.#details = new Map([...this.#details].filter(([id]) => next.has(id)));
      this.#asked = new Set(this.#details.keys());
      for (const id of this.#asked) void this.loadDetail(id, true);
      if (this.loaded) this.finishedVersion += 1;
      this.loaded = true;
      this.notice = null;
    } catch (error) {
      this.notice = noticeOf(error);
      throw error;
    } finally {
      this.#touched = null;
    }
  }
  #touched: Set<RunId> | null = null;

  #apply(event: RunEvent): void {
    const { run, epoch } = event;
    if (run === null) {
      this.#forget(event.runId);
      return;
    }
    const before = this.#runs.get(run.id);
    this.#touched?.add(run.id);
    this.#runs = new Map([...this.#runs, [run.id, run]]);
    if (epoch !== null) {
      const records = (this.#epochs.get(run.id) ?? []).filter((record) => record.epoch !== epoch.epoch);
      this.#epochs = new Map([...this.#epochs, [run.id, [...records, epoch]]]);
    }
    const moved = before?.state !== run.state;
    if (moved && run.state === 'finished') this.finishedVersion += 1;
    const shown = this.#details.has(run.id);
    if (shown && (moved || before?.progress.phase !== run.progress.phase)) {
      void this.loadDetail(run.id, true);
    }
  }

  #forget(runId: RunId): void {
    this.#runs = new Map([...this.#runs].filter(([id]) => id !== runId));
    this.#details = new Map([...this.#details].filter(([id]) => id !== runId));
    this.#asked.delete(runId);
  }
}
