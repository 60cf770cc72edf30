/** @file With --json a reader that takes the last line gets the whole object, also where a verb fails behind its first member. */
import { afterEach, expect, it, vi } from 'vitest';

import { PrintedResult } from '../../main/cli/printed-result.ts';
import { endOf } from '../../main/cli/run-cli.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function printed(end: (result: PrintedResult) => void): readonly string[] {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  const result = new PrintedResult(true);
  for (const file of ['a', 'b\nc']) {
    result.member({ runId: 'run-1' }, 'predictions', { json: { file }, text: file });
  }
  end(result);
  vi.restoreAllMocks();
  return out.split('\n');
}

const PREDICTED = { runId: 'run-1', predictions: [{ file: 'a' }, { file: 'b\nc' }] };

it('a list that is printed as it grows is one object on one line', () => {
  const [line = '', ...rest] = printed((result) => result.end({ json: { skipped: [] }, text: '' }));
  expect(JSON.parse(line)).toEqual({ ...PREDICTED, skipped: [] });
  expect(rest).toEqual(['']);
});

it('so it is where the verb fails behind them', () => {
  const { exit, failure, words } = endOf(
    new ServiceError('DISK_FULL', 'The disk is full.', { cause: 'ENOSPC' }),
  );
  expect(exit).toBe(2);
  const [line = '', ...rest] = printed((result) => result.fail(failure, words));
  expect(JSON.parse(line)).toEqual({
    ...PREDICTED,
    error: { code: 'DISK_FULL', message: 'The disk is full.', detail: { cause: 'ENOSPC' } },
  });
  expect(rest).toEqual(['']);
});

it('what nobody expected is a defect, exit 1', () => {
  expect(endOf(new TypeError('x is undefined'))).toMatchObject({ exit: 1, failure: { code: 'DEFECT' } });
});
