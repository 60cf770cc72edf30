/**
 * @file Films and names stay out of core dumps where the system lets a program say so: on Linux, by the filter of what is dumped, which
 * every process inherits that is started from here (core(5), "Controlling which mappings are written to the core dump").
 */
import { writeFileSync } from 'node:fs';

const FILTER = '/proc/self/coredump_filter';

/**
 * A core dump of this process, and of those that it starts from now on, holds no memory: registers alone. Called before a library is
 * opened. @returns false where the system has no such filter (Windows, macOS) or does not let it be set
 */
export function keepMemoryOutOfCores(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    writeFileSync(FILTER, '0x0');
    return true;
  } catch {
    return false; // no /proc: there is nothing to be done, and nothing that a person here could do
  }
}
