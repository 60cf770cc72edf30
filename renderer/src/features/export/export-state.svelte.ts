/** @file The export at work and those that were made, as the Export page shows them. */
import type { ExportEvent, ExportRecord } from '../../../../shared/contract/exchange.ts';
import type { ContractClient } from '../../../../shared/contract/index.ts';
import type { ExportId } from '../../../../shared/domain/ids.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { follow } from '../../rpc/stream.ts';
import { Action } from '../../state/action.svelte.ts';
import { Loaded } from '../../state/loaded.svelte.ts';
import type { ReaderState } from '../../state/reader-state.svelte.ts';

export type ExportInput = Parameters<ContractClient['exchange']['start']>[0];
export type Sources = Awaited<ReturnType<ContractClient['exchange']['sources']>>;

export class ExportState {
  readonly sources: Loaded<Sources>;
  readonly made: Loaded<readonly ExportRecord[]>;
  readonly starting = new Action();
  readonly removing = new Action();
  event = $state.raw<ExportEvent | null>(null);
  readonly #connection: Connection;
  readonly #readers: ReaderState;
  #following = new AbortController();

  constructor(connection: Connection, readers: ReaderState) {
    this.#connection = connection;
    this.#readers = readers;
    this.sources = new Loaded(() => this.#ask((client, token) => client.exchange.sources({ token })));
    this.made = new Loaded(() => this.#ask((client, token) => client.exchange.list({ token })));
  }

  get running(): boolean {
    return this.event?.state === 'running';
  }

  /** Asks for everything again and follows an export that another window started. */
  async load(): Promise<void> {
    void this.sources.load();
    void this.made.load();
    const event = await this.#ask((client, token) => client.exchange.current({ token }));
    if (event === null) return;
    this.event = event;
    if (event.state === 'running') this.#follow(event.exportId);
  }

  async start(input: ExportInput): Promise<void> {
    await this.starting.run(async () => {
      const { exportId } = await this.#ask((client, token) => client.exchange.start({ ...input, token }));
      this.event = await this.#ask((client, token) => client.exchange.current({ token }));
      this.#follow(exportId);
    });
  }

  async cancel(): Promise<void> {
    const exportId = this.event?.exportId;
    if (exportId !== undefined) await (await this.#connection.client()).exchange.cancel({ exportId });
  }

  async remove(exportId: ExportId): Promise<void> {
    await this.removing.run(async () => {
      await this.#ask((client, token) => client.exchange.remove({ exportId, token }));
      if (this.event?.exportId === exportId) this.event = null;
    });
    await this.made.load();
  }

  /** As whoever is signed in, or as nobody. */
  async #ask<Answer>(
    ask: (client: ContractClient, token: string | null) => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#readers.me !== null) return await this.#readers.call(ask);
    return await ask(await this.#connection.client(), null);
  }

  stop(): void {
    this.#following.abort();
  }

  #follow(exportId: ExportId): void {
    this.#following.abort();
    this.#following = new AbortController();
    void follow(this.#connection, this.#following.signal, {
      open: (client, signal) => client.exchange.watch({ exportId }, { signal }),
      onEvent: (event) => {
        this.event = event;
        if (event.state === 'finished') void this.made.load();
      },
      endsWhenDone: true,
    });
  }
}
