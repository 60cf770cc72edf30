/** @file The shape of every service: one method per contract procedure, same name, same input and output. */
import type { ContractProcedure, AnySchema, InferSchemaInput, InferSchemaOutput } from '@orpc/contract';

import type { Contract } from '../../shared/contract/index.ts';

/** What a call carries beside its input. `signal` ends when the caller goes away. */
export interface CallContext {
  readonly signal: AbortSignal;
}

type Method<P> =
  P extends ContractProcedure<
    infer Input extends AnySchema,
    infer Output extends AnySchema,
    infer _Errors,
    infer _Meta
  >
    ? (
        input: InferSchemaOutput<Input>,
        context: CallContext,
      ) => Promise<InferSchemaInput<Output>> | InferSchemaInput<Output>
    : never;

/** Input arrives parsed (defaults filled); output is checked by the contract again on its way out. */
export type ServiceOf<Capability> = { readonly [Name in keyof Capability]: Method<Capability[Name]> };

export type LibraryService = ServiceOf<Contract['library']>;
export type AnnotationsService = ServiceOf<Contract['annotations']>;
export type TrainingService = ServiceOf<Contract['training']>;
export type EvaluationService = ServiceOf<Contract['evaluation']>;
export type SampleService = ServiceOf<Contract['sample']>;
export type StudiesService = ServiceOf<Contract['studies']>;
export type ReadersService = ServiceOf<Contract['readers']>;
export type ReviewService = ServiceOf<Contract['review']>;
export type InferenceService = ServiceOf<Contract['inference']>;
export type ExchangeService = ServiceOf<Contract['exchange']>;
export type CopiesService = ServiceOf<Contract['copies']>;
export type LockService = ServiceOf<Contract['lock']>;
export type AuditService = ServiceOf<Contract['audit']>;
export type DeidentifyService = ServiceOf<Contract['deidentify']>;
export type EncryptionService = ServiceOf<Contract['encryption']>;
export type SystemService = ServiceOf<Contract['system']>;

/** The clock is injected so that tests own time. Milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** Structured log; messages never carry a patient's identity or a file's own name. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A worker process as services see it: `utilityProcess` in Electron, `child_process.fork` in Node. */
export interface WorkerHandle {
  readonly pid: number | undefined;
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (code: number | null, signal: string | null) => void): void;
  /** The last line that it wrote to standard error; '' where that goes elsewhere (see the host). */
  lastWords(): string;
  /** From now on it keeps no program alive that waits for nothing else. */
  letGo(): void;
  /** Ends it at once, whatever it does; `onExit` tells when it is gone. */
  kill(): void;
}

/**
 * What a worker process is for: a run; predictions; reading films, which may neither write nor start programs where the host can
 * see to that; measuring how fast this machine is; trying the engine.
 */
export type WorkerKind = 'training' | 'inference' | 'decode' | 'measure' | 'probe';

/** Starts worker processes, and nothing else of the app starts any of ours. Their entries: main/node/worker-host-node.ts. */
export interface WorkerHost {
  start(kind: WorkerKind, env?: Readonly<Record<string, string>>): WorkerHandle;
}
