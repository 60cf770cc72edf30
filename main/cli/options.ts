/** @file Options of a verb that are numbers, names or lists, read with a message that says what was wrong. */
import { Refusal, type VerbArguments } from './verb.ts';

type Options = VerbArguments['options'];

/** Undefined when the option is not there. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberOption(options: Options, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new Refusal('BAD_INPUT', `--${name} takes a number, not "${text}".`);
}
