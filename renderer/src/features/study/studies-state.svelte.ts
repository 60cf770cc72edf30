/** @file Studies: the list of them, the one that is looked at (followed live), and what a person asks of it. */
import type { Study, StudyPlan } from '../../../../shared/contract/study.ts';
import type { StudyId } from '../../../../shared/domain/ids.ts';
import type { ContractClient } from '../../../../shared/contract/index.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { follow } from '../../rpc/stream.ts';
import { Action } from '../../state/action.svelte.ts';
import { Loaded } from '../../state/loaded.svelte.ts';

export class StudiesState {
  /** Newest first. */
  readonly list: Loaded<Study[]>;
  readonly starting = new Action();
  readonly acting = new Action();
  #watched = $state.raw<Study | null>(null);
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.list = new Loaded(async () => {
      const studies = await (await connection.client()).studies.list({});
      return [...studies].sort((a, b) => b.createdAt - a.createdAt);
    });
  }

  /** The study with this id as it stands now; null while it is on its way or when there is none. */
  find(id: StudyId | null): Study | null {
    const listed = this.list.value?.find((study) => study.id === id) ?? null;
    return listed !== null && this.#watched?.id === listed.id ? this.#watched : listed;
  }

  /** Keeps one study current until `signal` aborts. */
  async watch(studyId: StudyId, signal: AbortSignal): Promise<void> {
    await follow<Study>(this.#connection, signal, {
      open: (client) => client.studies.watch({ studyId }, { signal }),
      // Whether it is still there: a study that another window has removed ends its stream.
      onOpen: () => this.list.load(),
      onEvent: (study) => {
        this.#watched = study;
      },
    });
  }

  async start(plan: StudyPlan): Promise<StudyId | null> {
    let started: StudyId | null = null;
    await this.starting.run(async () => {
      ({ studyId: started } = await (await this.#connection.client()).studies.start(plan));
      await this.list.load();
    });
    return started;
  }

  /** Asks something of a study: `state.ask((studies) => studies.pause({ studyId }))`. */
  ask(work: (studies: ContractClient['studies']) => Promise<unknown>): Promise<boolean> {
    return this.acting.run(async () => work((await this.#connection.client()).studies));
  }

  async remove(studyId: StudyId): Promise<boolean> {
    const done = await this.ask((studies) => studies.remove({ studyId }));
    if (done) await this.list.load();
    return done;
  }
}
