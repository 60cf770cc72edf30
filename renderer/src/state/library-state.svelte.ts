/** @file What the library holds (overview, splits) and the import that runs or ran last. */
import type { LabelVersion } from '../../../shared/contract/label-version.ts';
import type {
  ColumnMapping,
  CsvPreview,
  ImportEvent,
  LibraryOverview,
  SplitRequest,
} from '../../../shared/contract/library.ts';
import type { ImportId } from '../../../shared/domain/ids.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { follow } from '../rpc/stream.ts';
import { Action } from './action.svelte.ts';
import { Loaded } from './loaded.svelte.ts';

/** What an import is asked for with. */
export interface ImportWish {
  readonly paths: string[];
  readonly uploadId: string | null;
  readonly labels: string | null;
  readonly mapping: ColumnMapping | null;
}

export class LibraryState {
  readonly overview: Loaded<LibraryOverview>;
  /** Labels that came out of reviews; asked for by the pages that offer them. */
  readonly labelVersions: Loaded<LabelVersion[]>;
  /** The import that runs now or ran last. */
  import = $state.raw<ImportEvent | null>(null);
  /** Rises whenever the films may have changed: tables ask again. */
  version = $state(0);
  readonly importing = new Action();
  readonly splitting = new Action();

  readonly #connection: Connection;
  #following: AbortController | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.labelVersions = new Loaded(async () => (await connection.client()).library.labelVersions({}));
    this.overview = new Loaded(async () => (await connection.client()).library.overview({}));
  }

  get isEmpty(): boolean {
    return this.overview.value?.films === 0;
  }

  get importRuns(): boolean {
    return this.import?.state === 'running';
  }

  /** First look; also finds an import that went on while no window was open. */
  async run(): Promise<void> {
    void this.overview.load();
    const client = await this.#connection.client();
    const current = await client.library.currentImport({}).catch(() => null);
    this.import = current;
    if (current?.state === 'running') this.#follow(current.importId);
  }

  /** Asks for overview and tables again. */
  refresh(): void {
    void this.overview.load();
    this.version += 1;
  }

  openSample(): Promise<boolean> {
    return this.importing.run(async () => {
      const client = await this.#connection.client();
      const { importId } = await client.library.openSample({});
      this.#follow(importId);
    });
  }

  startImport(wish: ImportWish): Promise<boolean> {
    return this.importing.run(async () => {
      const client = await this.#connection.client();
      const { importId } = await client.library.import(wish);
      this.#follow(importId);
    });
  }

  cancelImport(): Promise<boolean> {
    const { import: current } = this;
    return this.importing.run(async () => {
      if (current === null) return;
      await (await this.#connection.client()).library.cancelImport({ importId: current.importId });
    });
  }

  /** An import that another part of the app (the sample study) began. */
  follow(importId: ImportId): void {
    if (this.import?.importId !== importId) this.#follow(importId);
  }

  async previewCsv(source: { path: string | null; uploadId: string | null }): Promise<CsvPreview> {
    return (await this.#connection.client()).library.previewCsv(source);
  }

  createSplit(request: SplitRequest): Promise<boolean> {
    return this.splitting.run(async () => {
      await (await this.#connection.client()).library.createSplit(request);
      this.refresh();
    });
  }

  #follow(importId: ImportId): void {
    this.#following?.abort();
    const controller = new AbortController();
    this.#following = controller;
    void follow<ImportEvent>(this.#connection, controller.signal, {
      open: (client, signal) => client.library.watchImport({ importId }, { signal }),
      onEvent: (event) => this.#apply(event),
      endsWhenDone: true,
    });
  }

  #apply(event: ImportEvent): void {
    const before = this.import;
    if (before?.importId === event.importId && event.seq < before.seq) return;
    this.import = event;
    const films = Math.floor(event.progress.done / 50);
    const filmsBefore = Math.floor((before?.progress.done ?? 0) / 50);
    if (event.state !== 'running' || films !== filmsBefore) this.refresh();
  }
}
