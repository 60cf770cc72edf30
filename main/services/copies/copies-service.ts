/** @file Copies of the library's database: list, look, make, go back. Going back itself is done by who opened the app. */
import { join } from 'node:path';

import type { CopyPreview } from '../../../shared/contract/copies.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { ListedFile } from '../../store/copy-files.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { refuseUnlessOwner } from '../review/readers-service.ts';
import type { SignIn } from '../review/sign-in.ts';
import type { CopiesService } from '../service-types.ts';

/** A file of the library that is there with its size; its hash is what `verify` looks at. */
async function isThere({ dir, vault }: LibraryFiles, { path, bytes }: ListedFile): Promise<boolean> {
  return (await vault.size(join(dir, ...path.split('/'))).catch(() => null)) === bytes;
}

/** What going back to a copy would lose, and what it would miss. @throws ServiceError NOT_FOUND, CORRUPT_LIBRARY */
export async function previewCopy({ store, files }: OpenLibrary, id: string): Promise<CopyPreview> {
  const { copy, lost, files: listed } = store.copies.lookAt(id);
  const missing = { films: 0, weights: 0, others: 0, of: listed.length };
  for (const file of listed) {
    if (await isThere(files, file)) continue;
    if (file.kind === 'film') missing.films += 1;
    else if (file.kind === 'weights') missing.weights += 1;
    else missing.others += 1;
  }
  return { copy, lost: { ...lost }, missing };
}

export function createCopiesService(
  library: OpenLibrary,
  signIn: Pick<SignIn, 'reader'>,
  goBack?: (copyId: string) => Promise<void>,
): CopiesService {
  const { store, files } = library;
  return {
    list: () => ({ copies: [...store.copies.list()], now: store.copies.content() }),
    preview: ({ id }) => previewCopy(library, id),
    make() {
      files.refuseIfReadOnly();
      return store.copies.make();
    },
    async restore({ id, token }) {
      files.refuseIfReadOnly();
      refuseUnlessOwner({ store, signIn }, token, 'go back to a copy');
      const { copy } = store.copies.lookAt(id);
      if (goBack === undefined) {
        throw new ServiceError(
          'CONFLICT',
          'This program cannot go back to a copy. Use the verb "backup" with the app closed.',
        );
      }
      await goBack(id);
      return { at: copy.at };
    },
  };
}
