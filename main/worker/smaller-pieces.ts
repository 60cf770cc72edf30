/** @file Work on films in pieces that become smaller where memory runs out; a piece is then done again, in parts. */
import { ServiceError } from '../../shared/domain/service-error.ts';
import { OutOfMemoryError } from '../numeric/engine/out-of-memory.ts';

export class SmallerPieces {
  #most: number;

  /** `most` films at a time to begin with. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Films of the largest piece. */
  get most(): number {
    return this.#most;
  }

  /**
   * Calls `work` with the films from … to − 1 until it has done `films` films. What it throws otherwise ends it.
   * @throws ServiceError OUT_OF_MEMORY where one film is too many
   */
  each(films: number, work: (from: number, to: number) => void): void {
    let from = 0;
    while (from < films) {
      const to = Math.min(films, from + this.#most);
      try {
        work(from, to);
        from = to;
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
        if (this.#most === 1) {
          throw new ServiceError(
            'OUT_OF_MEMORY',
            'The memory does not suffice to look at one film with this model. Close other programs, then try again.',
          );
        }
        // A last piece of few films may have been filled up to the size of the others.
        this.#most = Math.ceil(this.#most / 2);
      }
    }
  }
}
