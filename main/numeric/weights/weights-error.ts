/** @file The one error of reading weights: a code for programs, a message for people. */

export const WEIGHTS_ERROR_CODES = [
  'truncated',
  'header',
  'entry',
  'dtype',
  'not-finite',
  'unknown-layout',
  'unsupported-model',
  'missing-tensor',
  'unknown-tensor',
  'shape',
] as const;
export type WeightsErrorCode = (typeof WEIGHTS_ERROR_CODES)[number];

/** The file cannot be used as weights. `message` says what is wrong and, where there is something, what to do. */
export class WeightsError extends Error {
  readonly code: WeightsErrorCode;
  /** Names of the tensors concerned, where it is about some. */
  readonly tensors: readonly string[];
  constructor(code: WeightsErrorCode, message: string, tensors: readonly string[] = []) {
    super(message);
    this.name = 'WeightsError';
    this.code = code;
    this.tensors = tensors;
  }
}
