/** @file What a measured speed belongs to: a library on a stick goes from one computer to another. */
import { cpus } from 'node:os';

/** What a process that loaded TensorFlow says of it. */
export interface EngineFacts {
  readonly device: 'gpu' | 'cpu' | 'wasm';
  readonly deviceName: string;
  readonly threads: number;
  /** Its version; null without the native library. */
  readonly tensorflow: string | null;
}

/** What training is told of its engine. */
export interface TrainingEngine extends EngineFacts {
  readonly trainable: boolean;
  readonly reason: string | null;
}

/** The same name = the same speed: processor, device, threads, version of TensorFlow. */
export function machineName({ deviceName, threads, tensorflow }: Omit<EngineFacts, 'device'>): string {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${processor}, ${deviceName}, ${threads} threads, TensorFlow ${tensorflow ?? 'none'}`;
}
