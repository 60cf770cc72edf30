/** @file The opened app as hosts see it: every service, the byte sources, one close. compose.ts makes it. */
import type { ExportId, FilmId, RunId } from '../../shared/domain/ids.ts';
import type { WeightsLayout } from '../../shared/contract/bytes.ts';
import type { AttentionMethod, FigureFormat } from '../../shared/contract/inference.ts';
import type { WrittenReport } from './evaluation/report/write-report.ts';
import type {
  AnnotationsService,
  CopiesService,
  AuditService,
  DeidentifyService,
  EncryptionService,
  EvaluationService,
  ExchangeService,
  InferenceService,
  LibraryService,
  LockService,
  ReadersService,
  ReviewService,
  SampleService,
  StudiesService,
  SystemService,
  TrainingService,
} from './service-types.ts';

export interface Services {
  readonly library: LibraryService;
  readonly annotations: AnnotationsService;
  readonly training: TrainingService;
  readonly evaluation: EvaluationService;
  readonly sample: SampleService;
  readonly studies: StudiesService;
  readonly readers: ReadersService;
  readonly review: ReviewService;
  readonly inference: InferenceService;
  readonly exchange: ExchangeService;
  readonly copies: CopiesService;
  readonly deidentify: DeidentifyService;
  readonly encryption: EncryptionService;
  readonly audit: AuditService;
  readonly lock: LockService;
  readonly system: SystemService;
}

/**
 * Bytes on their way out, and what a window may keep of them: `for good` where the same address always means the same
 * bytes, `ask again` where it may change, `never` for pixels of films, which the window keeps in memory alone.
 */
export interface ByteAnswer {
  readonly bytes: Uint8Array;
  readonly contentType:
    | 'application/octet-stream'
    | 'application/pdf'
    | 'application/zip'
    | 'image/jpeg'
    | 'image/png'
    | WrittenReport['contentType'];
  readonly keep: 'for good' | 'ask again' | 'never';
}

export interface AttentionQuery {
  readonly method: AttentionMethod;
  readonly head: number | null;
  readonly target: string | null;
}

/** Where the byte route gets its bytes. Every method throws ServiceError (NOT_FOUND, BAD_INPUT …). */
export interface ByteSources {
  frame(filmId: FilmId, frame: number): Promise<ByteAnswer>;
  colour(filmId: FilmId, frame: number): Promise<ByteAnswer>;
  /** Bits of an overlay plane over a frame. */
  overlay(filmId: FilmId, frame: number, plane: number): Promise<ByteAnswer>;
  thumbnail(filmId: FilmId): Promise<ByteAnswer>;
  preview(filmId: FilmId): Promise<ByteAnswer>;
  /** PNG of what a model sees at `resolution` pixels a side. */
  input(filmId: FilmId, resolution: number): Promise<ByteAnswer>;
  firstBatch(runId: RunId): Promise<ByteAnswer>;
  /** Safetensors of the run's weights in a key layout. */
  weights(runId: RunId, layout: WeightsLayout): Promise<ByteAnswer>;
  attention(runId: RunId, filmId: FilmId, query: AttentionQuery): Promise<ByteAnswer>;
  report(sha256: string): Promise<ByteAnswer>;
  figure(sha256: string, format: FigureFormat): Promise<ByteAnswer>;
  /** A file of an export, as it was checked. */
  export(exportId: ExportId, name: string): Promise<ByteAnswer>;
  /** Zip for whoever helps: what the doctor says, the log, configurations; nobody's identity. */
  support(): Promise<ByteAnswer>;
  /** Writes one file of an upload; complete when it resolves, absent when it rejects. */
  upload(
    uploadId: string,
    relativePath: string,
    body: AsyncIterable<Uint8Array>,
    declaredBytes: number | null,
  ): Promise<void>;
}

export interface App {
  readonly services: Services;
  readonly bytes: ByteSources;
  /** True while a run, an import or a study is at work: closing now interrupts it (it can be resumed). */
  isBusy(): boolean;
  /** Stops workers at a checkpoint where they can, closes the library. Safe to call twice. */
  close(): Promise<void>;
}
