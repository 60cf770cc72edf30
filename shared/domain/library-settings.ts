/**
 * @file Settings of a library that a second workstation needs: when the window locks, and operating points set by hand, each with the
 * model that it is for. No names, no reasons, no keys, nothing of a film. Part of a settings file (window-settings.ts).
 */
import { LOCK_MINUTES } from './lock.ts';

export interface SettingsPoint {
  /** SHA-256 of the model's weights, in hex. */
  readonly model: string;
  /** `t2`, or `t1:` and the finding. */
  readonly task: string;
  readonly threshold: number;
}

export interface LibrarySettings {
  readonly lockMinutes?: (typeof LOCK_MINUTES)[number];
  readonly operatingPoints?: readonly SettingsPoint[];
}

const HASH = /^[0-9a-f]{64}$/;
const TASK = /^(t2|t1:.{1,197})$/;
const MOST_POINTS = 1000;
const NAMES = new Set(['lockMinutes', 'operatingPoints']);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isPoint(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).length !== 3) return false;
  const { model, task, threshold } = value;
  const isShare = typeof threshold === 'number' && threshold >= 0 && threshold <= 1;
  return (
    typeof model === 'string' && HASH.test(model) && typeof task === 'string' && TASK.test(task) && isShare
  );
}

/** Why a value is not a library's settings, as the end of a sentence that begins with its name; null = it is. */
export function whyNotLibrarySettings(value: unknown): string | null {
  if (!isObject(value)) return 'is a list of settings';
  const unknown = Object.keys(value).find((name) => !NAMES.has(name));
  if (unknown !== undefined) return `has the entry “${unknown.slice(0, 40)}”, which is not known`;
  const { lockMinutes, operatingPoints } = value;
  if (lockMinutes !== undefined && !LOCK_MINUTES.some((minutes) => minutes === lockMinutes))
    return `has for lockMinutes one of ${LOCK_MINUTES.join(', ')}`;
  if (operatingPoints === undefined) return null;
  if (!Array.isArray(operatingPoints) || operatingPoints.length > MOST_POINTS)
    return `has for operatingPoints a list of at most ${MOST_POINTS}`;
  const wrong = operatingPoints.findIndex((point) => !isPoint(point));
  return wrong === -1
    ? null
    : `has no model, task and threshold from 0 to 1 as number ${wrong + 1} of operatingPoints`;
}
