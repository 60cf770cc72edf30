/** @file What a page needs of who is signed in: to ask the host in that name, and to keep the window open over what is unsaved. */
import type { ContractClient } from '../../../shared/contract/index.ts';
import type { Reader } from '../../../shared/contract/review.ts';

export interface SignedReader {
  /** null = nobody is signed in. */
  readonly me: Pick<Reader, 'id'> | null;
  /** @throws what the host says; Error when nobody is signed in */
  call<Answer>(ask: (client: ContractClient, token: string) => Promise<Answer>): Promise<Answer>;
  guard(work: { readonly isUnsaved: boolean }): void;
}
