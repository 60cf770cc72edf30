/** @file What a model answers, by name: one of its findings (T1), or normal against abnormal (T2). */

/** `t2`, or `t1:` and the finding. */
export type Task = 't2' | `t1:${string}`;

export function taskOfFinding(finding: string): Task {
  return `t1:${finding}`;
}

/** The finding, or "abnormal". */
export function taskName(task: Task): string {
  return task === 't2' ? 'abnormal' : task.slice(3);
}

/** Back from `taskName`. */
export function taskOfName(name: string): Task {
  return name === 'abnormal' ? 't2' : taskOfFinding(name);
}
