/** @file Closing asks only when something is at work, says what it means, and never hangs on an app that cannot answer. */
import { describe, expect, it } from 'vitest';

import { CLOSE, closeQuestion, mayClose, type Running } from '../../main/electron/close-question.ts';

const work = (kind: Running['kind'], done = 34, total: number | null = 100): Running => ({
  kind,
  id: 'run-00000001',
  title: 'MLCAK 28',
  progress: { phase: 'training', done, total, etaSeconds: null },
});

describe('the question', () => {
  it('names the work, how far it is, and what closing does to it', () => {
    expect(closeQuestion(work('run'))).toEqual({
      type: 'question',
      message: 'MLCAK 28 is at work (34 %).',
      detail: 'Pausing saves a checkpoint, which can take half a minute. Resume goes on from there.',
      buttons: ['Pause and close', 'Go on'],
      defaultId: 1,
      cancelId: 1,
    });
    expect(closeQuestion(work('study')).detail).toContain('Starting the study again');
    expect(closeQuestion(work('import', 3, null))).toMatchObject({
      message: 'MLCAK 28 is at work.',
      buttons: ['Stop and close', 'Go on'],
    });
  });

  it.each(['export', 'deidentify'] as const)('says that closing ends an %s', (kind) => {
    expect(closeQuestion(work(kind))).toMatchObject({
      detail: 'Nothing is left of what is half written. It has to be started again.',
      buttons: ['Stop and close', 'Go on'],
    });
  });

  it('does not claim to be done before it is', () => {
    expect(closeQuestion(work('run', 999, 1000)).message).toContain('(99 %)');
  });
});

describe('closing', () => {
  const asks = (button: number) => {
    const asked: string[] = [];
    return {
      asked,
      ask: (question: { readonly message: string }) => {
        asked.push(question.message);
        return Promise.resolve(button);
      },
    };
  };

  it('asks nothing when nothing is at work', async () => {
    const { ask, asked } = asks(1);
    expect(await mayClose({ running: () => Promise.resolve(null), ask })).toBe(true);
    expect(asked).toEqual([]);
  });

  it.each([
    [CLOSE, true],
    [1, false],
  ])('does what button %i says', async (button, closes) => {
    const { ask, asked } = asks(button);
    expect(await mayClose({ running: () => Promise.resolve(work('run')), ask })).toBe(closes);
    expect(asked).toHaveLength(1);
  });

  it('closes when the app is gone', async () => {
    const { ask } = asks(1);
    expect(await mayClose({ running: () => Promise.reject(new Error('gone')), ask })).toBe(true);
  });
});
