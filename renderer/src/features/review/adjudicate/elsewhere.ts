/** @file Words for what a reader said at another site apart from here, row by row where it differs. */
import type { OtherHistory } from '../../../../../shared/contract/review-adjudication.ts';
import type { ReadingContent, ReviewPlan } from '../../../../../shared/contract/review.ts';
import { saysFinding } from '../../../../../shared/domain/review.ts';

export const elsewhereKey = ({ reader, site }: Pick<OtherHistory, 'reader' | 'site'>): string =>
  `${reader.id} ${site ?? ''}`;

export const siteWords = ({ site }: Pick<OtherHistory, 'site'>): string => `at ${site ?? 'another site'}`;

export interface DifferenceRow {
  readonly what: string;
  readonly here: string;
  readonly there: string;
}

const NOTHING = '–';
const VERDICTS = { accept: 'accepted', reject: 'rejected', edit: 'edited' } as const;

/** What the two reads say where they differ; empty = they say the same. */
export function differenceRows(
  { here, there, differs }: Pick<OtherHistory, 'here' | 'there' | 'differs'>,
  { questions }: Pick<ReviewPlan, 'questions'>,
): readonly DifferenceRow[] {
  const row = (what: string, say: (content: ReadingContent) => string): DifferenceRow => ({
    what,
    here: say(here.content),
    there: say(there.content),
  });
  const marks = (finding: string) => (content: ReadingContent) => {
    const count = content.marks.filter((mark) => mark.finding === finding).length;
    return `${count} ${count === 1 ? 'mark' : 'marks'}`;
  };
  return [
    ...questions
      .filter(({ id }) => differs.questions.includes(id))
      .map(({ id, text, answers }) => row(text, (said) => answers[said.answers[id] ?? -1] ?? NOTHING)),
    ...differs.findings.map((finding) =>
      row(finding, (said) => (saysFinding(said, finding) ? 'present' : 'absent')),
    ),
    ...differs.places.map((finding) => row(`${finding}: where`, marks(finding))),
    ...differs.verdicts.map((finding) =>
      row(`Model’s ${finding}`, ({ verdicts }) => {
        const said = verdicts.find((one) => one.finding === finding);
        if (said === undefined) return NOTHING;
        return said.note === '' ? VERDICTS[said.verdict] : `${VERDICTS[said.verdict]}: ${said.note}`;
      }),
    ),
    ...(differs.note ? [row('Note', ({ note }) => (note === '' ? NOTHING : note))] : []),
    ...(differs.keyFrames
      ? [
          row('Key images', ({ keyFrames }) =>
            keyFrames.length === 0
              ? NOTHING
              : [...keyFrames]
                  .sort((a, b) => a - b)
                  .map((frame) => `frame ${frame + 1}`)
                  .join(', '),
          ),
        ]
      : []),
  ];
}
