/** @file The line of facts of a run: epoch, loss, speed, memory, time; as they are now, or as they were at its end. */
import type { EpochRecord, RunSummary } from '../../../../shared/contract/training.ts';
import { formatBytes, formatDuration, formatScore } from '../../../../shared/domain/numbers.ts';
import { isActive } from '../../../../shared/domain/run-state.ts';
import { epochNumber, epochWords } from './run-words.ts';

export interface RunFact {
  readonly label: string;
  readonly value: string;
}

/** Share of an epoch that is worth a word. */
const WORTH_SAYING = 0.01;

function speed(imagesPerSecond: number | null): string {
  if (imagesPerSecond === null) return '–';
  return `${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} img/s`;
}

function time({ progress, startedAt, endedAt, state }: RunSummary): RunFact {
  if (isActive(state)) return { label: 'Time left', value: formatDuration(progress.etaSeconds) };
  const took = startedAt === null || endedAt === null ? null : (endedAt - startedAt) / 1000;
  return { label: 'Took', value: took === null ? '–' : formatDuration(took) };
}

function best({ best: found, state }: RunSummary): RunFact {
  const words =
    found === null ? '–' : `${formatScore(found.t1 ?? found.t2, 3)} at epoch ${epochNumber(found.epoch)}`;
  return { label: isActive(state) ? 'Best so far' : 'Best on validation', value: words };
}

/**
 * @param last the newest whole epoch; null before there is one
 * @param fitted made in one go, without epochs
 */
export function runFacts(run: RunSummary, last: EpochRecord | null, fitted: boolean): RunFact[] {
  const { progress } = run;
  const active = isActive(run.state);
  const loss = (active ? progress.loss : null) ?? last?.loss ?? null;
  const rate = active ? progress.imagesPerSecond : (last?.imagesPerSecond ?? null);
  // The share of the last epoch in which steps waited for their films.
  const waited = last === null || last.waitedSeconds === null ? 0 : last.waitedSeconds / last.seconds;
  const epochs = [
    { label: 'Epoch', value: epochWords(progress) },
    { label: 'Loss', value: loss === null ? '–' : loss.toPrecision(3) },
    { label: 'Speed', value: speed(rate) },
  ];
  return [
    ...(fitted ? [] : epochs),
    { label: 'Memory', value: formatBytes((active ? progress.rssBytes : null) ?? last?.rssBytes ?? null) },
    ...(waited < WORTH_SAYING ? [] : [{ label: 'Waits for films', value: `${Math.round(waited * 100)} %` }]),
    time(run),
    // Pre-training has no labels: nothing is validated.
    ...(run.method === 'pretrain' ? [] : [best(run)]),
  ];
}
