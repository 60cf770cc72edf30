/** @file Run as its own process by the kill test: keeps one version after another and prints the number of each that is kept. */
import { openStore } from '../../main/store/store.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';

const [file = '', from = '0', film = '', reader = '', review = ''] = process.argv.slice(2);
const store = openStore(file, { clock: { now: () => Date.now() } });
for (let after = Number(from); ; after += 1) {
  const { number } = store.reviews.append({
    id: `reading-${String(after + 1).padStart(12, '0')}` as ReadingId,
    reviewId: review as ReviewId,
    readerId: reader as ReaderId,
    filmId: film as FilmId,
    stage: 'reading',
    content: {
      answers: {},
      marks: [],
      verdicts: [],
      note: `version ${after + 1}`,
      keyFrames: [],
      seconds: null,
    },
    createdAt: 1,
    after,
  });
  // Waits until the line is out, so that the reader of it lags by nothing but the pipe.
  await new Promise<void>((resolve) => process.stdout.write(`${number}\n`, () => resolve()));
}
