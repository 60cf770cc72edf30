/** @file For files whose tests go on where the one before ended: after a failure the rest is skipped. */
import { beforeEach, onTestFailed } from 'vitest';

/** Called once, at the top of a test file. */
export function inOrder(): void {
  let broken = false;
  beforeEach(({ skip }) => {
    skip(broken, 'an earlier step failed');
    onTestFailed(() => {
      broken = true;
    });
  });
}
