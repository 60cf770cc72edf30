/** @file What a verb of the command line is, and the error it may end with. */

export interface VerbResult {
  /** The one JSON object of `--json`. */
  readonly json: unknown;
  /** The same for a person. */
  readonly text: string;
}

/** A member of a list that a verb prints as it goes. */
export type PrintedMember = VerbResult;

export interface PrintsList {
  /**
   * Prints a member of the field `list`, behind the fields `head` of the verb's object. What the verb then returns is what follows
   * the list: the other fields, the last words.
   */
  member(head: object, list: string, member: PrintedMember): void;
}

export interface VerbArguments {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

export interface Verb {
  readonly name: string;
  /** e.g. `metrics SCORES.csv`. */
  readonly usage: string;
  readonly summary: string;
  /** The most words it takes besides its options; absent = none. */
  readonly words?: number;
  readonly options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
  readonly run: (args: VerbArguments, printed: PrintsList) => Promise<VerbResult>;
}

/** Bad input or a refusal: exit 2. */
export class Refusal extends Error {
  readonly code: string;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.detail = detail;
  }
}
