/** @file What a person has chosen to import: files, a path, a labels CSV with its columns; sends it off. */
import type { ColumnMapping, CsvPreview } from '../../../../shared/contract/library.ts';
import { noticeOf, type Notice } from '../../rpc/notice.ts';
import { newUploadId, uploadFiles, type PickedFile, type UploadProgress } from '../../rpc/upload.ts';
import type { LibraryState } from '../../state/library-state.svelte.ts';

export type LabelsSource =
  { readonly kind: 'picked'; readonly file: PickedFile } | { readonly kind: 'path'; readonly path: string };

export class AddFilmsState {
  picked = $state.raw<readonly PickedFile[]>([]);
  /** A folder or file of this computer, typed. */
  path = $state('');
  labels = $state.raw<LabelsSource | null>(null);
  preview = $state.raw<CsvPreview | null>(null);
  mapping = $state.raw<ColumnMapping | null>(null);
  reading = $state(false);
  upload = $state.raw<UploadProgress | null>(null);
  notice = $state.raw<Notice | null>(null);

  readonly #library: LibraryState;
  #uploadId = newUploadId();
  #sending: AbortController | null = null;

  constructor(library: LibraryState) {
    this.#library = library;
  }

  readonly films = $derived(this.picked.filter(({ path }) => !isCsv(path)));
  readonly bytes = $derived(this.films.reduce((sum, { file }) => sum + file.size, 0));
  readonly csvFiles = $derived(this.picked.filter(({ path }) => isCsv(path)));
  readonly canStart = $derived(
    (this.films.length > 0 || this.path.trim() !== '') &&
      this.upload === null &&
      !this.reading &&
      (this.labels === null || this.mapping !== null),
  );

  /** Adds picked files; a CSV among them becomes the labels when there are none yet. */
  async add(files: readonly PickedFile[]): Promise<void> {
    const known = new Set(this.picked.map(({ path }) => path));
    this.picked = [...this.picked, ...files.filter(({ path }) => !known.has(path))];
    const csv = files.find(({ path }) => isCsv(path));
    if (csv !== undefined && this.labels === null) await this.chooseLabels({ kind: 'picked', file: csv });
  }

  clear(): void {
    this.#sending?.abort();
    this.picked = [];
    this.path = '';
    this.upload = null;
    this.notice = null;
    this.#uploadId = newUploadId();
    void this.chooseLabels(null);
  }

  /** Reads the head of a CSV on the host and takes its reading of the columns as the start. */
  async chooseLabels(labels: LabelsSource | null): Promise<void> {
    this.labels = labels;
    this.preview = null;
    this.mapping = null;
    this.notice = null;
    if (labels === null) return;
    this.reading = true;
    try {
      const source = await this.#csvSource(labels);
      const preview = await this.#library.previewCsv(source);
      if (this.labels !== labels) return;
      this.preview = preview;
      this.mapping = preview.suggested;
    } catch (error) {
      if (this.labels === labels) this.notice = noticeOf(error);
    } finally {
      this.reading = false;
    }
  }

  /** Uploads what was picked, then starts the import. True when the host has taken it on. */
  async start(): Promise<boolean> {
    this.notice = null;
    const controller = new AbortController();
    this.#sending = controller;
    try {
      if (this.films.length > 0) {
        this.upload = { files: 0, total: this.films.length, bytes: 0 };
        await uploadFiles(this.#uploadId, this.films, (now) => (this.upload = now), controller.signal);
      }
      const path = this.path.trim();
      const labels = this.labels;
      const started = await this.#library.startImport({
        paths: path === '' ? [] : [path],
        uploadId: this.films.length > 0 || labels?.kind === 'picked' ? this.#uploadId : null,
        labels: labels === null ? null : labels.kind === 'picked' ? labels.file.path : labels.path,
        mapping: this.mapping,
      });
      if (started) this.clear();
      return started;
    } catch (error) {
      if (!controller.signal.aborted) this.notice = noticeOf(error);
      return false;
    } finally {
      this.upload = null;
    }
  }

  /** Stops sending; nothing has been imported yet. */
  stopSending(): void {
    this.#sending?.abort();
  }

  async #csvSource(labels: LabelsSource): Promise<{ path: string | null; uploadId: string | null }> {
    if (labels.kind === 'path') return { path: labels.path, uploadId: null };
    await uploadFiles(this.#uploadId, [labels.file], () => undefined, new AbortController().signal);
    return { path: labels.file.path, uploadId: this.#uploadId };
  }
}

function isCsv(path: string): boolean {
  return /\.(csv|tsv)$/i.test(path);
}

/** Files of an `<input type=file>`, with their folder paths where a folder was picked. */
export function pickedFrom(list: FileList | null): PickedFile[] {
  return [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Files of a drop, folders walked through. */
export async function pickedFromDrop(items: DataTransferItemList): Promise<PickedFile[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map((entry) => walk(entry, '')))).flat();
}

async function walk(entry: FileSystemEntry, prefix: string): Promise<PickedFile[]> {
  const path = `${prefix}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: PickedFile[] = [];
  for (;;) {
    // A reader hands out at most 100 entries at a time; an empty batch is the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (batch.length === 0) return found;
    for (const child of batch) found.push(...(await walk(child, `${path}/`)));
  }
}
