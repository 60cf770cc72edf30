/** @file One line of what de-identification did with a header. Not for logs: `before` is the patient's own data. */
import type { NewElement } from '../part10-writer.ts';

export type Treatment = 'removed' | 'emptied' | 'replaced' | 'new-uid' | 'moved' | 'kept' | 'written';

/** Why an element was treated so. */
export type Reason =
  /** PS3.15 Table E.1-1 with the options taken. */
  | 'profile'
  /** Beside the table: the picture, its scale or its exposure needs it. */
  | 'picture'
  /** Beside the table: nothing that the picture needs. */
  | 'not-needed'
  | 'private'
  /** The value is not written as the standard says or is no word of it. */
  | 'odd-value'
  /** The text holds a name or number of the patient that stood elsewhere in the header. */
  | 'holds-identity'
  /** Says what was done, or describes the pixels as they are written now. */
  | 'record';

export interface Action {
  /** `(0010,0010)`. */
  readonly tag: string;
  readonly keyword: string | null;
  readonly vr: string;
  /** 0 at the top; an item of a sequence is one deeper. */
  readonly depth: number;
  readonly treatment: Treatment;
  readonly reason: Reason;
  readonly before: string;
  /** Empty where nothing is left. */
  readonly after: string;
}

/** What becomes of one element: the element to write, or null, and how to call it. */
export interface Outcome {
  readonly element: NewElement | null;
  readonly treatment: Treatment;
  readonly reason: Reason;
  readonly after: string;
}
