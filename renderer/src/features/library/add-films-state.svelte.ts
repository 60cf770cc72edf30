/** @file What a person has chosen to import: files, a path, a labels file with its columns where it is a table; sends it off. */
import type { ColumnMapping, CsvPreview } from '../../../../shared/contract/library.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
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
  /** The labels are what an export wrote, or COCO: they say themselves what they hold. */
  isTelling = $state(false);
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
    (this.films.length > 0 || this.path.trim() !== '' || this.isTelling) &&
      this.upload === null &&
      !this.reading &&
      (this.labels === null || this.isTelling || this.mapping !== null),
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

  /**
   * Reads the head of a CSV on the host and takes its reading of the columns as the start; what needs no columns is only sent.
   * @param beside files that belong to it: VinDr-CXR has boxes in a second one
   */
  async chooseLabels(labels: LabelsSource | null, beside: readonly PickedFile[] = []): Promise<void> {
    // What was sent of labels before is no part of the import any more.
    this.#uploadId = newUploadId();
    this.labels = labels;
    this.preview = null;
    this.mapping = null;
    this.isTelling = false;
    this.notice = null;
    if (labels === null) return;
    if (
      beside.length > 0 &&
      !isPair([labels, ...beside.map((file) => ({ kind: 'picked' as const, file }))])
    ) {
      this.labels = null;
      this.notice = noticeOf(new ServiceError('BAD_INPUT', ONE_FILE));
      return;
    }
    this.reading = true;
    try {
      const source = await this.#csvSource(labels, beside);
      if (await isTelling(labels, beside)) {
        if (this.labels === labels) this.isTelling = true;
        return;
      }
      const preview = await this.#library.previewCsv(source);
      if (this.labels !== labels) return;
      if (preview.columns.join(',').startsWith(OWN_CSV)) {
        this.isTelling = true;
        return;
      }
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
    const uploadId = this.#uploadId;
    try {
      if (this.films.length > 0) {
        this.upload = { files: 0, total: this.films.length, bytes: 0 };
        await uploadFiles(uploadId, this.films, (now) => (this.upload = now), controller.signal);
      }
      const path = this.path.trim();
      const labels = this.labels;
      const started = await this.#library.startImport({
        paths: path === '' ? [] : [path],
        uploadId: this.films.length > 0 || labels?.kind === 'picked' ? uploadId : null,
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

  async #csvSource(
    labels: LabelsSource,
    beside: readonly PickedFile[],
  ): Promise<{ path: string | null; uploadId: string | null }> {
    if (labels.kind === 'path') return { path: labels.path, uploadId: null };
    const uploadId = this.#uploadId;
    await uploadFiles(uploadId, [labels.file, ...beside], () => undefined, new AbortController().signal);
    return { path: labels.file.path, uploadId };
  }
}

function isCsv(path: string): boolean {
  return /\.(csv|tsv)$/i.test(path);
}

/** VinDr-CXR's two tables, as `train` or `test` part or as an export wrote them: the names that the host knows. */
const PAIR = ['annotations.csv', 'image_labels.csv'];
const ONE_FILE =
  'Choose one file, or the two tables of VinDr-CXR together, named image_labels.csv and annotations.csv. Other files are chosen one at a time.';

function isPair(files: readonly LabelsSource[]): boolean {
  const names = files.map((one) => (one.kind === 'picked' ? one.file.path : one.path)).sort();
  return names.length === PAIR.length && names.every((name, at) => name === PAIR[at]);
}

/** How the CSV that Chestlight writes begins. */
const OWN_CSV = 'film_id,file,width,height,kind,';

/** JSON, a CSV that Chestlight wrote, VinDr-CXR's pair: the host reads them as a whole. */
async function isTelling(labels: LabelsSource, beside: readonly PickedFile[]): Promise<boolean> {
  const path = labels.kind === 'path' ? labels.path : labels.file.path;
  if (/\.json$/i.test(path) || beside.length > 0) return true;
  if (labels.kind === 'path') return false;
  const head = await labels.file.file.slice(0, OWN_CSV.length + 1).text();
  return head.replace(/^\uFEFF/, '').startsWith(OWN_CSV);
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
