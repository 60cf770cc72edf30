/**
 * @file What a verb prints on standard output: its result when it is done, or a list member by member as they are ready, so that
 * memory holds one of them and what was printed stays, whatever comes after. With `--json` it is one JSON object on one line either way.
 */
import type { PrintedMember, PrintsList, VerbResult } from './verb.ts';

/** The end of the object where the rest could not be made. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const print = (text: string): void => void process.stdout.write(text);
/** `{"a":1}` as `"a":1`. */
const fieldsOf = (object: object): string => JSON.stringify(object).slice(1, -1);

export class PrintedResult implements PrintsList {
  readonly #json: boolean;
  #begun = false;

  constructor(json: boolean) {
    this.#json = json;
  }

  member(head: object, list: string, { json, text }: PrintedMember): void {
    if (this.#json) {
      const before = this.#begun ? ',' : `{${fieldsOf(head)},${JSON.stringify(list)}:[`;
      print(`${before}${JSON.stringify(json)}`);
    } else print(`${text}\n`);
    this.#begun = true;
  }

  /** Where members were printed, `json` is an object of the fields behind their list. */
  end({ json, text }: VerbResult): void {
    if (!this.#json) print(`${text}\n`);
    else if (this.#begun) print(`],${fieldsOf(json as object)}}\n`);
    else print(`${JSON.stringify(json)}\n`);
  }

  fail(error: Failure, words: string): void {
    if (!this.#json) process.stderr.write(`${words}\n`);
    else print(this.#begun ? `],${fieldsOf({ error })}}\n` : `${JSON.stringify({ error })}\n`);
  }
}
